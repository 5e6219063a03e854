"""Why a video or a clip has no measurement.

A failure is neither a measurement nor a decision: a row that could not be measured carries one of these reasons and
NULL in every value. *Permanent* reasons follow from the bytes and are not tried again until the measurement's version
changes; *transient* ones are tried again by the next run. What failed at a *limit* is tried again when the settings that
set it are others, and whatever failed when a person says so (``video-assets retry``).
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The closed list of reasons; the value is what the tables hold."""

    EMPTY_FILE = "empty_file"
    NOT_A_VIDEO = "not_a_video"
    FORMAT_NOT_ALLOWED = "format_not_allowed"
    NO_VIDEO_STREAM = "no_video_stream"
    UNSUPPORTED_CODEC = "unsupported_codec"
    ABSURD_DIMENSIONS = "absurd_dimensions"
    TRUNCATED = "truncated"
    NO_FRAMES = "no_frames"
    DUPLICATE_CONTENT = "duplicate_content"
    CONTENT_CHANGED = "content_changed"
    TAKEN_DOWN = "taken_down"
    TAKEN_DOWN_COPY = "taken_down_copy"
    DECODER_CRASHED = "decoder_crashed"
    DECODE_TIMEOUT = "decode_timeout"
    OUT_OF_MEMORY = "out_of_memory"
    UNEXPECTED_ERROR = "unexpected_error"
    NOT_MEASURED = "not_measured"
    MODEL_FAILED = "model_failed"
    MODEL_TIMEOUT = "model_timeout"
    SOURCE_MISSING = "source_missing"
    READ_ERROR = "read_error"
    WORKER_LOST = "worker_lost"
    ENDPOINT_FAILED = "endpoint_failed"
    ENDPOINT_DENIED = "endpoint_denied"
    REQUEST_REJECTED = "request_rejected"
    INVALID_CAPTION = "invalid_caption"
    CAPTION_REFUSED = "caption_refused"
    CAPTION_CUT_OFF = "caption_cut_off"
    CUT_MISMATCH = "cut_mismatch"
    NOT_SDR = "not_sdr"
    INTERLACED = "interlaced"
    ENCODE_FAILED = "encode_failed"
    WRITE_ERROR = "write_error"

    @property
    def transient(self) -> bool:
        """Whether the next run should try again without any change of version."""
        return self in _TRANSIENT

    @property
    def at_a_limit(self) -> bool:
        """Whether it is a limit's failure, whatever the row's ``limited_by`` says or leaves out."""
        return self in _AT_A_LIMIT

    @property
    def by_a_model(self) -> Reason:
        """What the end of a worker means where a model was at work in it, and not a decoder."""
        return _BY_A_MODEL.get(self, self)

    @property
    def advice(self) -> str:
        """One sentence that says what happened and what a person can do."""
        return _ADVICE[self]


_TRANSIENT = frozenset(
    {
        Reason.SOURCE_MISSING,
        Reason.READ_ERROR,
        Reason.WRITE_ERROR,
        Reason.WORKER_LOST,
        Reason.ENDPOINT_FAILED,
        Reason.ENDPOINT_DENIED,
    }
)

_AT_A_LIMIT = frozenset({Reason.DECODE_TIMEOUT, Reason.MODEL_TIMEOUT, Reason.OUT_OF_MEMORY})

_BY_A_MODEL = {
    Reason.DECODER_CRASHED: Reason.MODEL_FAILED,
    Reason.UNEXPECTED_ERROR: Reason.MODEL_FAILED,
    Reason.DECODE_TIMEOUT: Reason.MODEL_TIMEOUT,
}

_ADVICE: dict[Reason, str] = {
    Reason.EMPTY_FILE: "The file has no bytes; copy it again from its source.",
    Reason.NOT_A_VIDEO: "No known container format was recognised; the file is not a video or its header is damaged.",
    Reason.FORMAT_NOT_ALLOWED: "It is a still picture, or in a container that is not on the list of allowed formats (a playlist can point anywhere); remux a video to MP4 or Matroska.",
    Reason.NO_VIDEO_STREAM: "The container holds no video stream; remove the file from the footage.",
    Reason.UNSUPPORTED_CODEC: "This build of FFmpeg has no decoder for the codec; transcode the file.",
    Reason.ABSURD_DIMENSIONS: "The declared picture size is outside decode.max_pixels; check the file or raise the setting.",
    Reason.TRUNCATED: "The file ends before its index or its declared end and too little of it can be used; copy it again.",
    Reason.NO_FRAMES: "The stream opened, but not one frame could be decoded; the file is damaged.",
    Reason.DUPLICATE_CONTENT: "The same bytes are already held in another batch; nothing is lost by setting this copy aside.",
    Reason.CONTENT_CHANGED: "The file changed after it was taken in; the changed content is taken in as a new video.",
    Reason.TAKEN_DOWN: "The same bytes were removed on request (video-assets takedown) and are not taken in again; remove the file from the footage.",
    Reason.TAKEN_DOWN_COPY: "It looks like a copy of what was removed on request and is not taken in; remove the file from the footage, or say 'video-assets takedown --admit HASH' if it is none.",
    Reason.DECODER_CRASHED: "The decoder crashed on this file in a worker process; the file is damaged or hostile.",
    Reason.DECODE_TIMEOUT: "The decode went beyond its CPU time, or hung; if the file is sound, raise what limited_by names: the next run then tries again.",
    Reason.OUT_OF_MEMORY: "The worker went beyond its memory; if the file is sound, raise what limited_by names: the next run then tries again.",
    Reason.UNEXPECTED_ERROR: "Measuring raised an error that it should not; report it with the message.",
    Reason.NOT_MEASURED: "What this measurement is computed from is missing for the clip.",
    Reason.MODEL_FAILED: "The model stopped or gave no number on the clip's pictures; the message says how. Report it, or change the model.",
    Reason.MODEL_TIMEOUT: "The model went beyond its CPU time, or hung; raise what limited_by names: the next run then tries again.",
    Reason.SOURCE_MISSING: "The file is not where it was seen; put it back, or curate the folder where it is now: it is measured once it was seen again.",
    Reason.READ_ERROR: "Reading the file failed (disk or network); the next run tries again.",
    Reason.WORKER_LOST: "A worker process ended from outside; the next run tries again.",
    Reason.ENDPOINT_FAILED: "The captioner's or the judge's endpoint did not answer in time, or with an error, also when asked again; see that it runs. The next run asks again.",
    Reason.ENDPOINT_DENIED: "The captioner's or the judge's endpoint does not let us in or does not know the model; mend its key, address or model. The next run asks again.",
    Reason.REQUEST_REJECTED: "The captioner's or the judge's endpoint refuses the request as it is; the message says why. Ask for fewer frames or tokens, or change the model.",
    Reason.INVALID_CAPTION: "The reply of the captioner or the judge was not the JSON that was asked for, also when asked again; change its prompt or its model.",
    Reason.CAPTION_REFUSED: "The captioner or the judge declined to look at the clip; look at it yourself, or change the model.",
    Reason.CAPTION_CUT_OFF: "The reply ended at its limit of tokens; raise the captioner's or the judge's max_tokens.",
    Reason.CUT_MISMATCH: "The file gives other frames than those that the clip was found in; measure the video again, and report it if that changes nothing.",
    Reason.NOT_SDR: "Clips of HDR or of more than 8 bits are left out by rule; allow their conversion to SDR of 8 bits to take them in.",
    Reason.INTERLACED: "Clips that their file calls interlaced are left out by rule; allow deinterlacing to take them in.",
    Reason.ENCODE_FAILED: "FFmpeg could not encode the clip; the message says why. Change the cut's settings, or report it.",
    Reason.WRITE_ERROR: "Writing the clip's file failed (disk full, or no permission); make room: the next run tries again.",
}
