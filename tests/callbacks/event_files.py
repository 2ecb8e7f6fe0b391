"""A reader of event files, written from the description of the format alone."""

import struct


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 & -(value & 1))
    return value ^ 0xFFFFFFFF


def _unmasked(four):
    masked = (struct.unpack("<I", four)[0] - 0xA282EAD8) & 0xFFFFFFFF
    return (masked >> 17 | masked << 15) & 0xFFFFFFFF


def _varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        value, shift, place = value | (byte & 127) << shift, shift + 7, place + 1
        if byte < 128:
            return value, place


def fields(data):
    """A message as {number: [values]}; messages, texts and packed numbers stay bytes."""
    found, place = {}, 0
    while place < len(data):
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _varint(data, place)
        else:
            size, place = _varint(data, place) if kind == 2 else ({1: 8, 5: 4}[kind], place)
            value, place = data[place : place + size], place + size
            if kind != 2:
                value = struct.unpack("<d" if kind == 1 else "<f", value)[0]
        found.setdefault(number, []).append(value)
    return found


def events(folder):
    """(step, tag, fields of the value) of all summaries in the one event file of a folder."""
    (path,) = folder.glob("events.out.tfevents.*")
    data, place, found = path.read_bytes(), 0, []
    while place < len(data):
        length = data[place : place + 8]
        size = struct.unpack("<Q", length)[0]
        body = data[place + 12 : place + 12 + size]
        assert crc32c(length) == _unmasked(data[place + 8 : place + 12])
        assert crc32c(body) == _unmasked(data[place + 12 + size : place + 16 + size])
        place += 16 + size
        event = fields(body)
        if place == 16 + size:
            assert event[3] == [b"brain.Event:2"]
        for summary in event.get(5, []):
            value = fields(fields(summary)[1][0])
            found.append((event.get(2, [0])[0], value[1][0].decode(), value))
    return found
