"""`gradmill doctor`: what it looks at, and what it says about machines that are not this one."""

import pytest

from gradmill.__main__ import main
from gradmill.benchmark.environment import environment, governor, processor_flags, processor_quota
from gradmill.commands.doctor import check_energy, check_governor, check_openmp, check_threads


def test_all_is_looked_at(capsys):
    assert main(["doctor"]) == 0
    output = capsys.readouterr().out
    for label in (
        *("trains a small network", "cache folder is writable", "instruction set", "compiled with", "OpenMP runtime"),
        *("library of matrix products", "threads", "memory", "frequency governor", "energy counters"),
    ):
        assert f"] {label}: " in output


def test_two_openmp_runtimes():
    found = check_openmp(["/a/libgomp.so.1", "/b/libiomp5.so"])
    assert found.state == "note" and "/a/libgomp.so.1, /b/libiomp5.so" in found.detail
    assert check_openmp(["/a/libgomp.so.1"]).state == "ok"


@pytest.mark.parametrize(
    ("threads", "cores", "quota", "state"),
    [(4, 4, None, "ok"), (8, 4, None, "note"), (4, 8, 1.5, "note"), (1, 8, 0.5, "ok")],
)
def test_threads_and_limits(threads, cores, quota, state):
    assert check_threads(threads, cores, quota).state == state


def test_governors():
    assert check_governor("performance").state == "ok" and check_governor(None).state == "ok"
    assert "cpupower" in check_governor("powersave").detail


def test_energy():
    assert check_energy("RAPL: package-0", "").state == "ok"
    assert check_energy(None, "only root may read them").detail == "only root may read them"


def test_facts_of_another_machine(tmp_path):
    for number, name in enumerate(("powersave", "performance")):
        folder = tmp_path / f"sys/devices/system/cpu/cpu{number}/cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(f"{name}\n")
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/cpuinfo").write_text("processor : 0\nflags : fpu fma avx2 avx512f cmov\n")
    (tmp_path / "proc/self/cgroup").write_text("0::/a/b\n")
    group = tmp_path / "sys/fs/cgroup/a"
    (group / "b").mkdir(parents=True)
    (group / "b/cpu.max").write_text("max 100000\n")
    (group / "cpu.max").write_text("150000 100000\n")
    assert governor(str(tmp_path)) == "performance, powersave"
    assert processor_flags(str(tmp_path)) == ["avx2", "avx512f", "fma"]
    assert processor_quota(str(tmp_path)) == 1.5
    (tmp_path / "proc/self/cgroup").write_text("4:cpu,cpuacct:/job\n")
    job = tmp_path / "sys/fs/cgroup/cpu/job"
    job.mkdir(parents=True)
    (job / "cpu.cfs_quota_us").write_text("50000\n")
    (job / "cpu.cfs_period_us").write_text("100000\n")
    assert processor_quota(str(tmp_path)) == 0.5
    (job / "cpu.cfs_quota_us").write_text("-1\n")
    assert processor_quota(str(tmp_path)) is None


def test_the_environment_holds_no_more_than_a_measurement_needs():
    found = environment()
    assert found["compiler"] and found["instruction_set"] and found["energy"]
    assert all(name.startswith(("GRADMILL_", "OMP_")) for name in found["variables"])
