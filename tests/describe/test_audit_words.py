"""What a caption's own words give away, in captions as models write them: what must be found, and what must not."""

from __future__ import annotations

import pytest

from video_assets.describe.audit.camera_words import contradiction
from video_assets.describe.audit.language import wrong_language
from video_assets.describe.audit.words import mention_of_frames, other_alphabet, quoted_text, refusal

STREET = (
    "A woman in a red coat walks along a wet cobbled street at dusk, past the lit windows of small shops. She stops to "
    "fold an umbrella, looks over her shoulder and crosses to the other side, where a cyclist swerves around her."
)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("I'm sorry, but I can't help with describing this video.", "I'm sorry"),
        ("I’m sorry, I can’t assist with that request.", "I’m sorry"),
        ("As an AI language model, I do not have access to videos.", "As an AI"),
        ("I cannot identify the person who is seen at the desk.", "I cannot identify"),
        ("I am unable to view the video. Please provide more details.", "I am unable to view"),
        ("This content violates our usage policy.", "violates our usage policy"),
        (STREET, None),
        ("A girl hands over a broken cup; she looks sorry and her mother cannot help but laugh.", None),
        ('A card is held up that reads "I\'m sorry". A robot, billed as an aid for nurses, rolls past.', None),
        ("A sign on the counter says 'I cannot help you today' beside a ringing bell.", None),
        ("The boy's eyes say what he does not: he can't describe the smell of the sea.", None),
    ],
)
def test_refusals(text: str, evidence: str | None) -> None:
    assert refusal(text) == evidence


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("In this image, a dog runs over a lawn.", "In this image"),
        ("A dog runs over a lawn. The frame shows it in mid-air.", "The frame shows"),
        ("The sequence of frames depicts a dog at play.", "sequence of frames"),
        ("The dog is at rest in the first frame and in mid-air in the last one.", "first frame"),
        ("A dog runs over a lawn and leaps in frame 4.", "frame 4"),
        ("An image of a dog on a lawn.", "An image of"),
        ("A dog is seen throughout the images, always on the lawn.", "throughout the images"),
        (STREET, None),
        ("A man enters the frame from the left, crosses it and leaves the frame.", None),
        ("Her face fills the frame while the window frame behind her throws a shadow.", None),
        ("A boy hangs a picture frame on the wall; in the picture on his desk his mother smiles.", None),
        ("Old photographs are projected on a wall, and she points at a photo of her first dog.", None),
        ("She puts flowers in the picture frame and a ticket in the photo album.", None),
        ("The door frame shows signs of wear, in still water the moon is doubled.", None),
    ],
)
def test_mentions_of_frames_and_images(text: str, evidence: str | None) -> None:
    assert mention_of_frames(text) == evidence


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ('A red neon sign above the door says "OPEN".', "OPEN"),
        ("The lettering on the van spells “Bäckerei Müller”, and a man unloads bread.", "Bäckerei Müller"),
        ("A man in a jersey with the word 'Rovers' on it kicks a ball.", "Rovers"),
        (STREET, None),
        ('The room has a "mid-century" look, with a low sofa and a brass lamp.', None),
        ("The dog's owner isn't pleased: the cat's bowl is empty, and so are the neighbours' plates.", None),
        ("A sign hangs above the door, too far away to be read.", None),
    ],
)
def test_text_that_is_said_to_be_on_the_screen(text: str, evidence: str | None) -> None:
    assert quoted_text(text) == evidence


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        (
            "Eine Frau in einem roten Mantel geht in der Dämmerung eine nasse Straße entlang.",
            "de (1.00): Eine Frau in einem roten Mantel geht in der Dämmerung eine nasse Straße entlang.",
        ),
        ("一位身穿红色外套的女子在黄昏时分走过湿漉漉的石板街，经过小店亮着灯的橱窗。", "zh (0.95): 一位身穿红色外套的女子在黄昏时分走过湿漉漉的石板街，经过小店亮着灯的橱窗。"),
        ("A woman in a red coat walks along a wet 街道 at dusk, past the lit windows of small shops.", "街道"),
        (STREET, None),
        ('Above the shop a sign reads "営業中", and steam rises from the pots of noodles by the window.', None),
        ("A chef in Kyoto prepares kaiseki with hamo and matsutake; a café on the Champs-Élysées opens.", None),
        ("Close-up, macro.", None),
    ],
)  # fmt: skip
def test_texts_that_are_not_in_english(text: str, evidence: str | None) -> None:
    assert wrong_language(text, "en") == evidence


def test_a_text_in_the_language_that_is_wanted_is_right() -> None:
    german = "Eine Frau in einem roten Mantel geht in der Dämmerung eine nasse Straße entlang."
    assert wrong_language(german, "de") is None
    assert str(wrong_language(STREET, "de")).startswith("en (1.00): A woman in a red coat")


def test_a_text_mostly_in_another_alphabet_may_have_latin_words() -> None:
    assert other_alphabet("一位女子走进 iPhone 商店。") is None


@pytest.mark.parametrize(
    ("text", "measured", "evidence"),
    [
        ("The camera pans slowly to the left along the quay.", "pan right", "camera pans slowly to the left"),
        ("The camera pans left along the quay.", "tilt right", "camera pans left"),
        ("A slow shot that zooms out from her face to the whole square.", "zoom in", "zooms out"),
        ("The camera pulls back from the table.", "zoom in", "camera pulls back"),
        ("The camera tilts upwards from the boots to the hat.", "tilt down", "camera tilts upwards"),
        ("The camera remains completely static.", "pan left", "camera remains completely static"),
        ("A static shot of a harbour.", "zoom in", "static shot"),
        ("The camera appears to be completely stationary.", "pan left", "camera appears to be completely stationary"),
        ("A slow push-in on the table ends the shot.", "zoom out", "slow push-in"),
        ("A man sings, the camera slowly zooming out to the band.", "zoom in", "camera slowly zooming out"),
        ("The shot begins on a lamp before it ends, panning right over the room.", "pan left", "panning right"),
        ("The camera zooms in on her hands.", "static shot", "camera zooms in"),
        # The same axis and way, in other words.
        ("The camera pans slowly to the left along the quay.", "pan left", None),
        ("The camera trucks left beside the runner.", "pan left", None),
        ("The camera tilts upwards from the boots to the hat.", "pan up", None),
        ("The camera pushes in on the table.", "zoom in", None),
        # Several moves in turn, of which one was measured.
        ("The camera pans left and then right.", "pan right", None),
        ("The camera holds still, then tilts up along the tower.", "tilt up", None),
        ("The camera holds still. The camera is static at first, then it zooms in.", "zoom in", None),
        # Other axes may be moved along too.
        ("The camera zooms in on her hands.", "pan left", None),
        # What moves is not the camera, or does not move.
        ("A prospector pans left of the river, and a boy zooms out of the barn.", "pan right", None),
        ("The camera stays with her while a car moves left.", "pan right", None),
        ("The camera does not pan left; it waits.", "pan right", None),
        ("A medium shot of a woman with her head tilted down, then she looks up.", "static shot", None),
        ("A close-up shot of a cook who sets the pan down and hangs the pots and pans up.", "static shot", None),
        ("An aerial view of a truck in the rain, a crane up the road and a dolly in the yard.", "static shot", None),
        ("She smiles at the camera as she stands still in the wind.", "zoom in", None),
        # Nothing is known, or everything goes with it.
        ("The camera pans left.", None, None),
        ("A static shot, held by hand.", "handheld shot", None),
        (STREET, "static shot", None),
    ],
)
def test_camera_words_against_the_measured_move(text: str, measured: str | None, evidence: str | None) -> None:
    assert contradiction(text, measured) == evidence
