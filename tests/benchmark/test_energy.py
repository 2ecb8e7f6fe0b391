"""Energy counters are read where they may be, across their return to zero, and never guessed."""

import pytest

from gradmill.benchmark._engines.energy import Counter, EnergyMeter, powercap_counters


@pytest.fixture
def machine(tmp_path):
    """A function that sets the counters of a machine with a package, its cores and its memory."""

    def zone(folder, name, value, limit=1_000_000):
        place = tmp_path / "sys/class/powercap" / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "name").write_text(f"{name}\n")
        (place / "energy_uj").write_text(f"{value}\n")
        (place / "max_energy_range_uj").write_text(f"{limit}\n")

    def change(package, cores, memory):
        zone("intel-rapl:0", "package-0", package)
        zone("intel-rapl:0:0", "core", cores)
        zone("intel-rapl:0:1", "dram", memory)
        return str(tmp_path)

    return change


def test_package_and_memory_count_and_cores_do_not_twice(machine):
    meter = EnergyMeter(machine(100, 50, 10))
    meter.start()
    machine(300_100, 250_050, 50_010)
    found = meter.stop()
    assert found["joules"] == pytest.approx(0.35) and found["source"] == "RAPL"
    assert found["parts"] == pytest.approx({"package-0": 0.3, "dram": 0.05})


def test_a_counter_that_returned_to_zero(machine):
    meter = EnergyMeter(machine(900_000, 0, 0))
    meter.start()
    machine(100_000, 0, 0)
    assert meter.stop()["joules"] == pytest.approx(0.2)


def test_without_counters_there_is_a_reason(tmp_path):
    meter = EnergyMeter(str(tmp_path))
    meter.start()
    assert meter.stop() == {"joules": None, "reason": "the kernel offers no energy counters (no /sys/class/powercap)"}


def test_counters_that_only_root_may_read(machine, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Counter, "read", refuse)
    counters, reason = powercap_counters(machine(1, 1, 1))
    assert counters == [] and "only root may read" in reason
    assert reason.endswith("sudo chmod -R a+r /sys/class/powercap/intel-rapl:*/")


def test_macos_has_a_reason_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    counters, reason = powercap_counters(str(tmp_path))
    assert not counters and "IOReport" in reason
