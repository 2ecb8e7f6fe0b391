"""Images with their masks: files into arrays, what is wrong with files, lists of pairs, and the sets made of them."""

import numpy as np
import pytest
from PIL import Image

import gradmill as gm


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, "uint8")).save(path)
    return path


@pytest.fixture
def pair(tmp_path):
    generator = np.random.default_rng(0)
    image = write(tmp_path / "photo.png", generator.integers(0, 256, (6, 8, 3)))
    return image, write(tmp_path / "mask.png", generator.integers(1, 4, (6, 8)))


def test_pixels_and_classes(pair):
    found = gm.data.load_image_pairs([pair, pair], (6, 8), levels=(1, 2, 3))
    np.testing.assert_array_equal(found.images[1], np.asarray(Image.open(pair[0])))
    np.testing.assert_array_equal(found.masks[1], np.asarray(Image.open(pair[1])) - 1)
    assert found.images.dtype == found.masks.dtype == np.uint8 and found.skipped == 0
    assert found.pairs == [pair, pair]


def test_levels_are_classes_in_their_order(pair):
    found = gm.data.load_image_pairs([pair], (6, 8), levels=(3, 1, 2))
    np.testing.assert_array_equal(found.masks[0], np.array([9, 1, 2, 0])[np.asarray(Image.open(pair[1]))])


def test_resizing_makes_no_new_classes(tmp_path):
    image = write(tmp_path / "photo.png", np.full((40, 60), 77))
    mask = write(tmp_path / "mask.png", np.arange(2400).reshape(40, 60) % 2 * 255)
    found = gm.data.load_image_pairs([(image, mask)], (16, 24), (0, 255), "grayscale")
    assert found.images.shape == (1, 16, 24, 1) and (found.images == 77).all()
    assert set(np.unique(found.masks)) == {0, 1}


def test_masks_with_a_palette_and_with_one_bit(tmp_path):
    image = write(tmp_path / "photo.png", np.zeros((2, 2, 3)))
    indices = Image.fromarray(np.array([[0, 2], [1, 2]], "uint8"), mode="P")
    indices.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0])
    indices.save(tmp_path / "palette.png")
    Image.fromarray(np.array([[True, False], [False, True]])).save(tmp_path / "bits.png")
    found = gm.data.load_image_pairs([(image, tmp_path / "palette.png")], (2, 2), (0, 1, 2))
    np.testing.assert_array_equal(found.masks[0], [[0, 2], [1, 2]])
    found = gm.data.load_image_pairs([(image, tmp_path / "bits.png")], (2, 2), (0, 255))
    np.testing.assert_array_equal(found.masks[0], [[1, 0], [0, 1]])


def bad_pairs(folder, image, mask):
    cut = folder / "cut.png"
    cut.write_bytes(image.read_bytes()[:80])
    pixels = np.asarray(Image.open(mask)).copy()
    pixels[4, 5] = 7
    return {
        r"cut.png cannot be read as an image": (cut, mask),
        r"absent.png cannot be read as an image.*No such file": (image, folder / "absent.png"),
        r"small.png: expected a mask of the image's size; received 5x8 for .*photo.png of 6x8": (
            image,
            write(folder / "small.png", np.ones((5, 8))),
        ),
        r"value.png: expected values of 1, 2, 3; received 7 at row 4, column 5": (
            image,
            write(folder / "value.png", pixels),
        ),
        r"photo.png: expected a mask with one number a pixel; received an image of mode RGB": (image, image),
    }


def test_all_that_is_wrong_is_named_or_skipped(tmp_path, pair):
    bad = bad_pairs(tmp_path, *pair)
    for words, wrong in bad.items():
        with pytest.raises(gm.errors.ArgumentError, match=words):
            gm.data.load_image_pairs([pair, wrong], (6, 8), (1, 2, 3))
    with pytest.raises(gm.errors.ArgumentError) as failure:
        gm.data.load_image_pairs([*bad.values(), pair] * 3, (6, 8), (1, 2, 3))
    lines = str(failure.value).splitlines()
    assert "15 of 18 pairs cannot be used" in lines[0] and len(lines) == 12 and lines[-1] == "  - and 5 more"
    found = gm.data.load_image_pairs([*bad.values(), pair], (6, 8), (1, 2, 3), on_error="skip")
    assert found.skipped == 5 and found.pairs == [pair] and len(found.images) == len(found.masks) == 1
    with pytest.raises(gm.errors.ArgumentError, match="at least one pair that can be used; received none"):
        gm.data.load_image_pairs(list(bad.values()), (6, 8), (1, 2, 3), on_error="skip")
    with pytest.raises(gm.errors.ArgumentError, match="received none"):
        gm.data.load_image_pairs([], (6, 8), (1, 2, 3))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"color_mode": "cmyk"}, "color_mode.*'cmyk'"),
        ({"on_error": "ignore"}, "on_error.*'ignore'"),
        ({"levels": (1,)}, "levels must be 2 to 256"),
        ({"levels": (1, 1)}, "different whole numbers"),
    ],
)
def test_wrong_options(pair, options, words):
    with pytest.raises(gm.errors.ArgumentError, match=words):
        gm.data.load_image_pairs(**{"pairs": [pair], "image_size": (6, 8), "levels": (1, 2, 3), **options})


def test_list_of_pairs(tmp_path, pair):
    path = tmp_path / "list.csv"
    path.write_text("number,mask,image\n1,mask.png,photo.png\n", encoding="utf-8-sig")
    assert gm.data.read_pair_list(path) == [pair]
    path.write_text("a,b\nphoto.png,mask.png\n")
    assert gm.data.read_pair_list(path, ("a", "b")) == [pair]
    with pytest.raises(gm.errors.ArgumentError, match="expected the columns image, mask; received a, b"):
        gm.data.read_pair_list(path)
    path.write_text("image,mask\n")
    with pytest.raises(gm.errors.ArgumentError, match="at least one row"):
        gm.data.read_pair_list(path)
    path.write_bytes(b"image,mask\n\xff\xfe,b\n")
    with pytest.raises(gm.errors.ArgumentError, match="expected a CSV in UTF-8"):
        gm.data.read_pair_list(path)
    path.write_bytes(b"")
    with pytest.raises(gm.errors.ArgumentError, match="expected the columns image, mask; received none"):
        gm.data.read_pair_list(path)
    with pytest.raises(FileNotFoundError):
        gm.data.read_pair_list(tmp_path / "absent.csv")


def test_list_names_what_is_missing(tmp_path, pair):
    path = tmp_path / "list.csv"
    lines = ["image,mask", "photo.png,mask.png", "photo.png", *(f"{number}.png,mask.png" for number in range(12))]
    path.write_text("\n".join(lines))
    with pytest.raises(gm.errors.ArgumentError) as failure:
        gm.data.read_pair_list(path)
    found = str(failure.value).splitlines()
    assert "13 entries" in found[0] and found[1] == "  - line 3: nothing in the column mask"
    assert found[2] == f"  - line 4: there is no file {tmp_path / '0.png'}" and found[-1] == "  - and 3 more"


def make_pets(folder, names=("Abyssinian_1", "beagle_2", "pug_3")):
    generator = np.random.default_rng(1)
    for name in names:
        write(folder / f"images/{name}.jpg", generator.integers(0, 256, (20, 30, 3)))
        write(folder / f"annotations/trimaps/{name}.png", generator.integers(1, 4, (20, 30)))
    (folder / "annotations/trainval.txt").write_text("".join(f"{name} 1 1 1\n" for name in names[:-1]))
    (folder / "annotations/test.txt").write_text(f"#a list\n{names[-1]} 37 2 25\n")
    return folder


@pytest.mark.parametrize("inside", ["", "oxford-iiit-pet"])
def test_pets_as_their_authors_lay_them_out(tmp_path, monkeypatch, inside):
    place = make_pets(tmp_path / inside)
    for train, test in (
        gm.datasets.oxford_pets.load_data(tmp_path, (16, 16)),
        monkeypatch.setenv("GRADMILL_DATA", str(tmp_path)) or gm.datasets.oxford_pets.load_data(image_size=(16, 16)),
    ):
        assert train.images.shape == (2, 16, 16, 3) and test.masks.shape == (1, 16, 16)
        assert [pair[0].name for pair in train.pairs] == ["Abyssinian_1.jpg", "beagle_2.jpg"]
    full = gm.datasets.oxford_pets.load_data(tmp_path, (20, 30))[1]
    expected = np.asarray(Image.open(place / "annotations/trimaps/pug_3.png")) - 1
    np.testing.assert_array_equal(full.masks[0], expected)


def test_pets_that_are_missing_or_damaged(tmp_path):
    load = gm.datasets.oxford_pets.load_data
    with pytest.raises(gm.errors.ArgumentError, match="there is no such folder.*images.tar.gz"):
        load(tmp_path / "absent")
    with pytest.raises(
        gm.errors.ArgumentError, match="missing there: images, annotations/trainval.txt, annotations/te"
    ):
        load(tmp_path)
    make_pets(tmp_path)
    (tmp_path / "images/beagle_2.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(gm.errors.ArgumentError, match="1 of 2 pairs.*\n.*beagle_2.jpg cannot be read"):
        load(tmp_path)
    train, test = load(tmp_path, on_error="skip")
    assert (train.skipped, test.skipped, len(train.images)) == (1, 0, 1)
    (tmp_path / "annotations/test.txt").write_text("../secret 1 1 1\n")
    with pytest.raises(gm.errors.ArgumentError, match="names without folders"):
        load(tmp_path, on_error="skip")
    (tmp_path / "annotations/test.txt").write_text("\n")
    with pytest.raises(gm.errors.ArgumentError, match="a name in each line; received none"):
        load(tmp_path, on_error="skip")


def test_shapes_follow_from_the_seed_and_hold_all_classes():
    first, again = (gm.datasets.shapes.synthetic(20, 10, (48, 64), seed=3) for _ in range(2))
    for one, other in zip(first, again):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.masks, other.masks)
    other = gm.datasets.shapes.synthetic(20, 10, (48, 64), seed=4)[0]
    assert (other.images != first[0].images).any()
    shares = np.bincount(first[0].masks.ravel(), minlength=3) / first[0].masks.size
    assert len(shares) == 3 and shares[0] > 0.5 and (shares[1:] > 0.02).all()
    # A shape's colour is far from the ground's.
    for image, mask in zip(first[0].images.astype(float), first[0].masks):
        grounds = np.median(image[mask == 0], axis=0)
        assert np.abs(image[mask > 0] - grounds).max(axis=1).min() > 10


def test_triangles_and_their_files(tmp_path):
    found = gm.datasets.shapes.triangles(8, side=64, seed=5)
    for image, mask in zip(found.images[..., 0], found.masks):
        inside = image[mask == 1]
        assert len(inside) >= 64 and inside.min() == inside.max() >= 128 and not image[mask == 0].any()
        assert not mask[:2].any() and not mask[:, :2].any()  # the margin
    gm.datasets.shapes.write_triangles(tmp_path / "t", 8, 64, seed=5, train=6)
    lists = [gm.data.read_pair_list(tmp_path / f"t/{name}.csv") for name in ("training", "validation")]
    assert [len(pairs) for pairs in lists] == [6, 2] and lists[1][1][1].name == "0008.png"
    read = gm.data.load_image_pairs([*lists[0], *lists[1]], (64, 64), (0, 255), "grayscale")
    np.testing.assert_array_equal(read.images, found.images)
    np.testing.assert_array_equal(read.masks, found.masks)
    with pytest.raises(gm.errors.ArgumentError, match="expected an empty folder"):
        gm.datasets.shapes.write_triangles(tmp_path / "t")
    with pytest.raises(gm.errors.ArgumentError, match="between 1 and 7; received 8"):
        gm.datasets.shapes.write_triangles(tmp_path / "u", 8, 64, train=8)
    with pytest.raises(gm.errors.ArgumentError, match="at least 64 pixels; received 32"):
        gm.datasets.shapes.triangles(1, side=32)
