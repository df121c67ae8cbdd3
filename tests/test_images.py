import numpy as np
import pytest
from PIL import Image

from safelight.errors import PictureError
from safelight.images import read_mask, read_pixels


def test_pixels_are_resized_and_what_is_transparent_is_white(tmp_path):
    Image.new("RGBA", (4, 2), (255, 0, 0, 0)).save(tmp_path / "a.png")
    pixels = read_pixels(tmp_path / "a.png", (8, 16))
    assert pixels.shape == (8, 16, 3)
    assert (pixels == 255).all()
    assert read_pixels(tmp_path / "a.png").shape == (2, 4, 3)


def test_a_mask_is_the_share_of_white_in_each_cell(tmp_path):
    grey = np.zeros((8, 8), np.uint8)
    grey[:4, :2] = 255
    Image.fromarray(grey).save(tmp_path / "m.png")
    mask = read_mask(tmp_path / "m.png", (2, 2))
    assert mask.shape == (1, 1, 2, 2)
    assert np.allclose(mask[0, 0].numpy(), [[0.5, 0], [0, 0]], atol=0.01)


def test_what_is_no_picture_is_one_line(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    for read in (read_pixels, lambda path: read_mask(path, (2, 2))):
        with pytest.raises(PictureError, match="is not a PNG, JPEG or WebP picture"):
            read(tmp_path / "a.png")
