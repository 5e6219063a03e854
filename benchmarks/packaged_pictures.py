"""Photographs, drawn pictures and a recorded screen inside public packages, and slow camera moves over them.

A move over a photograph is a recorded scene whose camera moves and of which it is known what is in it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence

import av
import cv2
import imageio_ffmpeg
import numpy as np
from packaged_footage import FILES, Packaged, packaged

from video_assets.measure.types import Picture

SIZE = WIDTH, HEIGHT = 640, 360

FILES |= {
    "aqua.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/Aqua.jpg", "5c30118205982da441bf7e6a1ada636a8a0be879408140b3148280c665ed6bce", "GPL-2.0-or-later, mate-backgrounds"),
    "blinds.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/Blinds.jpg", "f7aac0dcc2e06d0491643e84df3da1d9db7c4610f58806a880d56e074799f600", "GPL-2.0-or-later, mate-backgrounds"),
    "dune.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/Dune.jpg", "8a67c2cb0be8c46b70c237311a4fa4d2b4ac7d39568135384787801fa5cc9a91", "GPL-2.0-or-later, mate-backgrounds"),
    "freshflower.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/FreshFlower.jpg", "972b0a0c4e5e3fa93f4f244fc84bc64b121a5eac3aaa5856f1308c1f38a02f8e", "GPL-2.0-or-later, mate-backgrounds"),
    "garden.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/Garden.jpg", "d3095ee09d425ef23d27155412136cf14fc3c9af76ca58b452f55e23da324e78", "GPL-2.0-or-later, mate-backgrounds"),
    "greenmeadow.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/GreenMeadow.jpg", "8fa0de0aa4089f7319c9fb7a6d006d4cab6023e8c8853731557cff53567b4832", "GPL-2.0-or-later, mate-backgrounds"),
    "ladybird.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/LadyBird.jpg", "e35a9a4126ef969c90b29c038058c5a575a20eadd84106a37bf1fa9931e7b61d", "GPL-2.0-or-later, mate-backgrounds"),
    "raindrops.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/RainDrops.jpg", "3e4ea9671c28c90a86cf67b3db9daf18c4741587c596333a7529ca589aaa0c16", "GPL-2.0-or-later, mate-backgrounds"),
    "storm.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/Storm.jpg", "77ca53077831d3237f73393a91fc879158abc046d852941c26e90de336356957", "GPL-2.0-or-later, mate-backgrounds"),
    "twowings.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/TwoWings.jpg", "665e5abf8a5399070a91a9a8e455fe071e5b61697ff78fdeda4e9843ef545aeb", "GPL-2.0-or-later, mate-backgrounds"),
    "wood.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/Wood.jpg", "19c78500ac00a622e19907ab9cc7d06d46fe08c4a6142759a84195696150ec07", "GPL-2.0-or-later, mate-backgrounds"),
    "yellowflower.jpg": Packaged("mate-backgrounds", "deb", "mate/nature/YellowFlower.jpg", "254da96256acb7add685679775a04d1e4a5bc8cd13e5a5a3d61351ce198a5306", "GPL-2.0-or-later, mate-backgrounds"),
    "elephants.jpg": Packaged("mate-backgrounds", "deb", "abstract/Elephants.jpg", "b402668de7212c568090edc032288759029e15e5153f3ae43f079abfd44105a4", "GPL-2.0-or-later, mate-backgrounds"),
    "flow.png": Packaged("mate-backgrounds", "deb", "mate/abstract/Flow.png", "36d494feb16dd33570568ad857720c39e627741f386f7095454c4c2999665d9e", "GPL-2.0-or-later, mate-backgrounds"),
    "arc-colors-transparent-wallpaper.png": Packaged("mate-backgrounds", "deb", "mate/abstract/Arc-Colors-Transparent-Wallpaper.png", "5c0d3e22331f0a301de9b7e64659781f38692b64d3b2016719eb7ea0a8f3050e", "GPL-2.0-or-later, mate-backgrounds"),
    "greentraditional.jpg": Packaged("mate-backgrounds", "deb", "desktop/GreenTraditional.jpg", "68b9870dd49c1b6143cadda4b0cf6e87421bf9be5942e27d2877fc65f8a22a29", "GPL-2.0-or-later, mate-backgrounds"),
    "stripes.png": Packaged("mate-backgrounds", "deb", "desktop/Stripes.png", "5038a2983979324e1c81e3721b60b975753bf6af8daea7e5cfbd5a0e13e65bdf", "GPL-2.0-or-later, mate-backgrounds"),
    "adwaita-d.webp": Packaged("gnome-backgrounds", "deb", "gnome/adwaita-d.webp", "c4b3fed40deae59f4d296b8f12b0ece7c178c4cfabe9442a260126af5a67819c", "CC-BY-SA-3.0, GNOME"),
    "adwaita-l.webp": Packaged("gnome-backgrounds", "deb", "gnome/adwaita-l.webp", "e2a2f6b559e574b76f302e2e854321ee0acbbd8e1891fce95269781e248aa045", "CC-BY-SA-3.0, GNOME"),
    "symbolic-d.webp": Packaged("gnome-backgrounds", "deb", "gnome/symbolic-d.webp", "83bab4682797a1d9104b9da5499cf373ab6c737bd492e096f56cc62e1656b6b1", "CC-BY-SA-3.0, GNOME"),
    "symbolic-l.webp": Packaged("gnome-backgrounds", "deb", "gnome/symbolic-l.webp", "4bba296092bd7f2801a207543ee8e9063ceb419deb3fbf1cafc6e7bb273cbc67", "CC-BY-SA-3.0, GNOME"),
    "truchet-l.webp": Packaged("gnome-backgrounds", "deb", "gnome/truchet-l.webp", "ad1bb88c2aa30babe41f61c58f5c59a024fc73d5072ae37b7ae5035328ac0591", "CC-BY-SA-3.0, GNOME"),
    "monitors.webm": Packaged("gnome-user-docs", "deb", "C/gnome-help/figures/display-dual-monitors.webm", "a4dbcf2b9b702f9dcadec0980020915f83a64dafe41052921bd416b2768304d9", "CC-BY-SA-3.0, GNOME"),
    "astronaut.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5", "public domain, NASA"),
    "camera.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/camera.png", "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a", "CC0-1.0"),
    "chelsea.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb", "CC0-1.0"),
    "coffee.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7", "CC0-1.0"),
    "coins.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/coins.png", "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba", "public domain"),
    "grass.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/grass.png", "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89", "CC0-1.0"),
    "gravel.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/gravel.png", "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12", "CC0-1.0"),
    "brick.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/brick.png", "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf", "CC0-1.0"),
    "hubble_deep_field.jpg": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/hubble_deep_field.jpg", "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4", "public domain, NASA"),
    "moon.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/moon.png", "78739619d11f7eb9c165bb5d2efd4772cee557812ec847532dbb1d92ef71f577", "public domain"),
    "rocket.jpg": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c", "CC0-1.0, SpaceX"),
    "retina.jpg": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/retina.jpg", "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6", "CC0-1.0"),
    "ihc.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/ihc.png", "f8dd1aa387ddd1f49d8ad13b50921b237df8e9b262606d258770687b0ef93cef", "CC0-1.0"),
    "page.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/page.png", "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3", "CC0-1.0"),
    "text.png": Packaged("scikit-image==0.26.0", "wheel", "skimage/data/text.png", "bd84aa3a6e3c9887850d45d606c96b2e59433fbef50338570b63c319e668e6d1", "CC0-1.0"),
    "fallenleaf.jpg": Packaged("plasma-workspace-wallpapers", "deb", "FallenLeaf/contents/images/2560x1600.jpg", "95603a6560c7e8d50e0e03b3f4adbe39c5258c72528e74e4ecaea1daf4e499de", "GPL-2.0-or-later, KDE Visual Design Group"),
    "path.jpg": Packaged("plasma-workspace-wallpapers", "deb", "Path/contents/images/2560x1600.jpg", "7477457d7f17b736259f1b021864778ad4ba802cf3214e6728181ff29126bba8", "GPL-2.0-or-later, KDE Visual Design Group"),
    "darkesthour.jpg": Packaged("plasma-workspace-wallpapers", "deb", "DarkestHour/contents/images/2560x1600.jpg", "8e3703fae3a3c217b1fc2b399b706cd3720584268d071ba153e4809daa55f1ce", "GPL-2.0-or-later, KDE Visual Design Group"),
    "summer1am.jpg": Packaged("plasma-workspace-wallpapers", "deb", "summer_1am/contents/images/2560x1600.jpg", "c868b50789591dd42910153c768053f1ba0a98cb36bbfc2b7a96a1045d0477f8", "GPL-2.0-or-later, KDE Visual Design Group"),
    "eveningglow.jpg": Packaged("plasma-workspace-wallpapers", "deb", "EveningGlow/contents/images/2560x1600.jpg", "586682dcb362b9f620068f10138f87d0d3649939aef238adc5807cb951976a7a", "GPL-2.0-or-later, KDE Visual Design Group"),
    "grey.jpg": Packaged("plasma-workspace-wallpapers", "deb", "Grey/contents/images/2560x1600.jpg", "88c31d8944b7e6935d1b9a296654c692f0772cb512491713eb30a972a604c0ed", "GPL-2.0-or-later, KDE Visual Design Group"),
    "colorfulcups.jpg": Packaged("plasma-workspace-wallpapers", "deb", "ColorfulCups/contents/images/2560x1600.jpg", "6e0f3a72feb5a4a9fec191b77e34874c3c69e2d93040deb3f07773e73385023d", "GPL-2.0-or-later, KDE Visual Design Group"),
    "onestandsout.jpg": Packaged("plasma-workspace-wallpapers", "deb", "OneStandsOut/contents/images/2560x1600.jpg", "cb507baf1dafdcae362264f3aba9483ed4be5f6c9fdd770f0ec0920c6d9e80fd", "GPL-2.0-or-later, KDE Visual Design Group"),
    "coldripple.jpg": Packaged("plasma-workspace-wallpapers", "deb", "ColdRipple/contents/images/2560x1600.jpg", "05bef6722fc0ed81292cceb3ed026c38d17e510f3c84be7d68610c2b1a723c3f", "GPL-2.0-or-later, KDE Visual Design Group"),
    "bythewater.jpg": Packaged("plasma-workspace-wallpapers", "deb", "BytheWater/contents/images/2560x1600.jpg", "c272434ef39f2abf1ed48a15a8910088020f3165329a5092f3940ec9464bc05f", "GPL-2.0-or-later, KDE Visual Design Group"),
    "kite.jpg": Packaged("plasma-workspace-wallpapers", "deb", "Kite/contents/images/2560x1600.jpg", "bdca288ce296a981e80659c021cf707caddc702c0c8d4247e60bd618476d47f8", "GPL-2.0-or-later, KDE Visual Design Group"),
    "gimp-keyboard-shortcuts-dialog.png": Packaged("gimp-help-en", "deb", "images/dialogs/keyboard-shortcuts-dialog.png", "fccdf9cdf4d9fa4fdebd44bb56b6e43ef5a168ba777e8df19e5ecd10518de3d0", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-high-pass-setting.png": Packaged("gimp-help-en", "deb", "examples/enhance/high-pass-setting.png", "9b3bae35aab240aef1a01d01b4ebd42ad5a4e1a1052bbaeda3532491c8c0b7e1", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-gflare-options-1.png": Packaged("gimp-help-en", "deb", "filters/light-and-shadow/gflare-options-1.png", "5a491510f5e8de546c7c37028ec623c6f34e116d00ce80c9dcdf5581e5ba0469", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-mapobject-options-1.png": Packaged("gimp-help-en", "deb", "filters/map/mapobject-options-1.png", "cb46b218084d9923eeef84c117a832751b07127cdeb39be019384771c13059f6", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-imagemap.png": Packaged("gimp-help-en", "deb", "filters/web/imagemap.png", "2ce95014b7f11270b39fb065d783dacb7dd875ecc0f0cf74df87cb3a79726424", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-print-tab3.png": Packaged("gimp-help-en", "deb", "menus/file/print-tab3.png", "50629e64d5e14b2109418168a332acce25f554d103d0e60ebc2eb4613fa2e193", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-save-profile-1.png": Packaged("gimp-help-en", "deb", "image/color-management/save-profile-1.png", "b2eaad039b6ccb68d8074aba2ba9bc938fa174fecf318ce8a15386edc291df29", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-click-editor.png": Packaged("gimp-help-en", "deb", "menus/select/click-editor.png", "02671c8afcb6c5b3587f61758ce3d3e37dbc6db64b4529c57a9d0c469cc45c0e", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-color-deficient-vision.png": Packaged("gimp-help-en", "deb", "view/display-filters/color-deficient-vision.png", "11badd182bf47acb47a46858f738ce8d59c7851ab46a336263df3f34f59b1306", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-gamma.png": Packaged("gimp-help-en", "deb", "view/display-filters/gamma.png", "dff98165d1658b3f8793738973b678b66ebc3f6d3ae479b4e8ff606a2a34cf2f", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-prefs-display.png": Packaged("gimp-help-en", "deb", "images/preferences/prefs-display.png", "0dc39f652ec9af2e9dab41384c41028dde0fc410fe3ead0c77e9fb26a5ebf857", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-prefs-icon-theme.png": Packaged("gimp-help-en", "deb", "images/preferences/prefs-icon-theme.png", "4ca449d539a07c98ada7fda34e435aece56b04138de7cd7de63a8cfa3218207e", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-prefs-image-window.png": Packaged("gimp-help-en", "deb", "images/preferences/prefs-image-window.png", "f37927df6ee07daf981b5d2a0771cc9a6c2c8caf8e9913d86ce74da5bfd1134b", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-prefs-playground.png": Packaged("gimp-help-en", "deb", "images/preferences/prefs-playground.png", "0b23e89f47897c112a92917fd089fc36a32897eb14f1eb4831a669096506d503", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-prefs-tool-options.png": Packaged("gimp-help-en", "deb", "images/preferences/prefs-tool-options.png", "d25b2e84cf85af1972f161f308d1013ce1bd12c1a028ef3c384f50aaf28b8bd8", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-3DTransf-linked.jpg": Packaged("gimp-help-en", "deb", "images/toolbox/3DTransf-linked.jpg", "b00f036955609a5b16e2f09af6a82e0e256a3d4271483629ee9fe0b95e913d3b", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-paint-tools.png": Packaged("gimp-help-en", "deb", "images/toolbox/paint-tools.png", "966acf50cdc734987c9082c7d746ab41f8bbbe5e0598eacbf0385eb2fb8a3f16", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-quickie-crop-step2.png": Packaged("gimp-help-en", "deb", "images/tutorials/quickie-crop-step2.png", "de69af3e020127f97421cbeb13e13e58ac2b9d268b02a45ce4ed992a9d6b6d7b", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-quickie-flip-menu.png": Packaged("gimp-help-en", "deb", "images/tutorials/quickie-flip-menu.png", "0542cd346a1c800fbe91e1c9aaa55c813b220433f239524f5efdbafd837dd316", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-quickie-mode-alpha.png": Packaged("gimp-help-en", "deb", "images/tutorials/quickie-mode-alpha.png", "5216c084c3976fb94b0b504d6051432ae7a152e910ca700901adaf05aed97e78", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-quickie-rotate-menu.png": Packaged("gimp-help-en", "deb", "images/tutorials/quickie-rotate-menu.png", "16c916c4e4bd816483e959f59532f02ee17c49b46f1fca2a2780fb2d893a5d49", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-histogram-specular-highlights.jpg": Packaged("gimp-help-en", "deb", "tutorials/tone-mapping/histogram-specular-highlights.jpg", "0ba17061c22e2f8a859e66d00ab9aadfc7cc82e085ee8e838c0729dc8fb71f1b", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-file-open-dialog.png": Packaged("gimp-help-en", "deb", "images/using/file-open-dialog.png", "d0b9089a0fb7e526ca307e1b84bc7f93659e4cdbfce91128a5b438061c4344a2", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-image-window-single.png": Packaged("gimp-help-en", "deb", "images/using/image-window-single.png", "1f4db40ff9ad08800df7c238c4fd1873c91ae9578357f7418e8913a6bc09f742", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-palettes.png": Packaged("gimp-help-en", "deb", "images/using/palettes.png", "c5d3c05ca9def7752791fe6137aa3b814b05103c483278d79ee06dd5a5942097", "GFDL-1.2-or-later, GIMP Documentation Team"),
    "gimp-single-window.png": Packaged("gimp-help-en", "deb", "images/using/single-window.png", "64c4a4798f04da94a1e8ca36c7dc9625ffc2721e4c66efa7152a498737bf54ea", "GFDL-1.2-or-later, GIMP Documentation Team"),
}  # fmt: skip

NATURE = (
    "aqua.jpg", "blinds.jpg", "dune.jpg", "freshflower.jpg", "garden.jpg", "greenmeadow.jpg", "ladybird.jpg",
    "raindrops.jpg", "storm.jpg", "twowings.jpg", "wood.jpg", "yellowflower.jpg", "elephants.jpg",
)  # fmt: skip
OTHER_PHOTOGRAPHS = (
    "astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "grass.png", "gravel.png", "brick.png",
    "hubble_deep_field.jpg", "moon.png", "rocket.jpg", "retina.jpg", "ihc.png",
)  # fmt: skip
"""Photographs without text; on the astronaut's suit there is some that is too small to be read."""
PHOTOGRAPHS = NATURE + OTHER_PHOTOGRAPHS
DRAWN = (
    "flow.png", "arc-colors-transparent-wallpaper.png", "greentraditional.jpg", "stripes.png", "adwaita-d.webp",
    "adwaita-l.webp", "symbolic-d.webp", "symbolic-l.webp", "truchet-l.webp",
)  # fmt: skip
WALLPAPERS = (
    "fallenleaf.jpg", "path.jpg", "darkesthour.jpg", "summer1am.jpg",
    "eveningglow.jpg", "grey.jpg", "colorfulcups.jpg", "onestandsout.jpg",
    "coldripple.jpg", "bythewater.jpg", "kite.jpg",
)  # fmt: skip
"""More photographs without text."""
SCREENS = (
    "gimp-keyboard-shortcuts-dialog.png", "gimp-high-pass-setting.png", "gimp-gflare-options-1.png", "gimp-mapobject-options-1.png",
    "gimp-imagemap.png", "gimp-print-tab3.png", "gimp-save-profile-1.png", "gimp-click-editor.png",
    "gimp-color-deficient-vision.png", "gimp-gamma.png", "gimp-prefs-display.png", "gimp-prefs-icon-theme.png",
    "gimp-prefs-image-window.png", "gimp-prefs-playground.png", "gimp-prefs-tool-options.png", "gimp-3DTransf-linked.jpg",
    "gimp-paint-tools.png", "gimp-quickie-crop-step2.png", "gimp-quickie-flip-menu.png", "gimp-quickie-mode-alpha.png",
    "gimp-quickie-rotate-menu.png", "gimp-histogram-specular-highlights.jpg", "gimp-file-open-dialog.png", "gimp-image-window-single.png",
    "gimp-palettes.png", "gimp-single-window.png",
)  # fmt: skip
"""Dialogues and windows of an image editor, many with photographs in them."""
FILMS = ("bigbuckbunny.mp4", "carphone_pristine.mp4", "city.mpg", "people.avi", "tree.avi", "box.mp4", "cup.mp4")
"""Recorded scenes without text."""


def photograph(name: str) -> Picture:
    """A picture of a package, uint8 (h, w, 3) in B, G, R order."""
    picture = cv2.imread(str(packaged(name)), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{name} is no picture that OpenCV reads.")
    return picture


def slow_move(picture: Picture, seed: int, count: int = 8, distance: float = 1.0) -> list[Picture]:
    """So many pictures of 640x360 of a camera that moves across a photograph and towards it.

    Args:
        picture: uint8 (h, w, 3).
        seed: of the way that it takes.
        count: pictures.
        distance: how much of the way, 0-1: little of it is a camera that hardly moves.
    """
    random = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    wide = min(width, height * WIDTH / HEIGHT)
    first = random.random(2)
    near, towards = 0.75, bool(random.random() < 0.5)
    pictures = []
    for time in np.linspace(0, distance, count):
        zoom = 0.98 + (near - 0.98) * time if towards else near
        w, h = wide * zoom, wide * zoom * HEIGHT / WIDTH
        x, y = (np.array([width - w, height - h]) * (first + (1 - 2 * first) * time)).tolist()
        part = cv2.getRectSubPix(picture, (round(w), round(h)), (x + w / 2, y + h / 2))
        pictures.append(cv2.resize(part, SIZE, interpolation=cv2.INTER_AREA))
    return pictures


def film(name: str, count: int = 8) -> list[Picture]:
    """So many pictures of a film, evenly spaced, with a short side of 360."""
    with av.open(str(packaged(name))) as container:
        total = sum(1 for _ in container.decode(video=0))
    wanted = {(2 * i + 1) * total // (2 * count) for i in range(count)}
    with av.open(str(packaged(name))) as container:
        chosen = [f.to_ndarray(format="bgr24") for n, f in enumerate(container.decode(video=0)) if n in wanted]
    scale = HEIGHT / min(chosen[0].shape[:2])
    return [cv2.resize(f, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for f in chosen]


def filled(picture: Picture, width: int, height: int) -> Picture:
    """A picture scaled and cropped to fill a size."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    large = cv2.resize(picture, None, fx=scale + 1e-6, fy=scale + 1e-6, interpolation=cv2.INTER_AREA)
    x, y = (large.shape[1] - width) // 2, (large.shape[0] - height) // 2
    return large[y : y + height, x : x + width]


def as_kept(pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures as keyframes give them: JPEG of quality 88."""
    kept = []
    for picture in pictures:
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
        seen = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        assert seen is not None
        kept.append(seen)
    return kept


def with_logo(pictures: Sequence[Picture], x: int, y: int, size: int, opacity: float = 0.9) -> list[Picture]:
    """A white mark, three times as wide as high, on every picture."""
    mask = np.zeros(pictures[0].shape[:2], np.uint8)
    cv2.circle(mask, (x + size // 2, y + size // 2), round(0.4 * size), 255, max(2, size // 8), cv2.LINE_AA)
    place, thick = (x + round(1.1 * size), y + round(0.85 * size)), max(2, size // 10)
    cv2.putText(mask, "TV7", place, cv2.FONT_HERSHEY_SIMPLEX, size / 30, 255, thick, cv2.LINE_AA)
    share = (mask / 255 * opacity)[..., None]
    return [(p * (1 - share) + 255 * share).astype(np.uint8) for p in pictures]


def cropdetect(pictures: Sequence[Picture]) -> tuple[int, int, int, int]:
    """FFmpeg's cropdetect with its defaults but for whole pixels: width, height, x and y of what it would leave."""
    height, width = pictures[0].shape[:2]
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "info",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "bgr24",
        "-s",
        f"{width}x{height}",
    ]
    command += ["-i", "-", "-vf", "format=yuv420p,cropdetect=round=2:skip=0", "-f", "null", "-"]
    said = subprocess.run(
        command, input=b"".join(p.tobytes() for p in pictures), capture_output=True, check=True
    ).stderr
    last = next(line for line in reversed(said.decode().splitlines()) if "crop=" in line)
    w, h, x, y = (int(n) for n in last.rpartition("crop=")[2].split(":"))
    return w, h, x, y


def shuffled(names: Sequence[str], seed: int) -> Iterator[tuple[str, str, str]]:
    """Three different ones at a time, for ever."""
    random = np.random.default_rng(seed)
    while True:
        one, two, three = random.permutation(len(names))[:3]
        yield names[one], names[two], names[three]
