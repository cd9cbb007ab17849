from __future__ import annotations

import numpy as np
from landfuse.core.evaluation.shift_pictures import displaced, overlay


def test_an_image_moves_by_whole_and_half_pixels_and_zeros_move_in():
    image = np.zeros((5, 6), np.float32)
    image[2, 3] = 1
    assert displaced(image, 1, -2)[3, 1] == 1
    half = displaced(image, 0, 0.5)
    assert half[2, 3] == half[2, 4] == 0.5
    assert displaced(np.ones((4, 4), np.float32), 2, 0)[:2].sum() == 0


def test_edges_that_meet_are_white_and_others_orange_and_blue():
    first, second = np.zeros((2, 400, 400), np.float32)
    first[10:30], second[20:40] = 1, 1
    picture = overlay(first, second)
    assert picture.shape == (400, 400, 3)
    assert picture[25, 5].tolist() == [255, 255, 255]
    assert picture[15, 5, 0] > picture[15, 5, 2]
    assert picture[35, 5, 2] > picture[35, 5, 0]


def test_a_small_picture_is_enlarged_and_one_without_edges_stays_dark():
    picture = overlay(*np.zeros((2, 100, 50), np.float32))
    assert picture.shape == (400, 200, 3)
    assert picture.max() < 60
