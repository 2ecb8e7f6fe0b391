#!/usr/bin/env bash
# Runs C++ tests of the AVX-512 kernels on a machine without AVX-512: in Bochs, which emulates a whole computer with it,
# under Debian's kernel. Not part of run_tests.sh: the products alone take half an hour or more.
# Usage: scripts/test_avx512.sh [NAME...]
#   NAME  of tests/cpp/test_NAME.cpp; default: those of kernels, the quick ones first
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(philox vec_math tile_program element_loop references kernels batch_loop gemm)

require_packages doctest-dev libeigen3-dev bochs bochsbios vgabios busybox-static cpio grub-common grub-pc-bin xorriso mtools
set_up test
cd "$root"
cmake -S . -B "$build" -D GRADMILL_BUILD_TESTS=ON >/dev/null
build_tree "$build" || fail "the tests could not be built"

place=$root/build/avx512
rm -rf "$place/root" "$place/iso"
mkdir -p "$place/root/"{bin,proc,tests} "$place/iso/boot/grub"
cd "$place"

if [ ! -e vmlinuz ]; then
  say "fetching a kernel"
  package=$(apt-cache depends linux-image-amd64 | awk '$1 == "Depends:" {print $2; exit}')
  apt-get download -q "$package"
  dpkg-deb --fsys-tarfile "$package"_*.deb | tar -x --wildcards --to-stdout './boot/vmlinuz-*' >vmlinuz.part
  mv vmlinuz.part vmlinuz
  rm -f "$package"_*.deb
fi

# The root file system: the tests, their libraries, and a first process that runs them.
cp "$(command -v busybox)" root/bin/busybox
cp "$build/tests/cpp/gradmill_tests" root/tests/
strip root/tests/gradmill_tests
ldd root/tests/gradmill_tests | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "root$(dirname "$library")"
  cp -L "$library" "root$library"
done
cat >root/init <<INIT
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
export GRADMILL_THREADS=1
/bin/busybox grep -q avx512bw /proc/cpuinfo && echo "== this processor has AVX-512"
for name in ${tests[*]}; do
  echo "== \$name"
  /tests/gradmill_tests "--source-file=*/test_\$name.cpp" --no-intro --no-colors || echo "== FAILED \$name"
done
echo "== end"
/bin/busybox sleep 5  # the serial line is slower than the tests
/bin/busybox poweroff -f
INIT
chmod +x root/init
(cd root && find . | cpio --quiet -o -H newc >../iso/boot/initrd)
cp vmlinuz iso/boot/
# This processor of Bochs tells other sizes for XSAVES than Linux finds, which then would switch all vectors off.
cat >iso/boot/grub/grub.cfg <<GRUB
set timeout=0
menuentry tests { linux /boot/vmlinuz console=ttyS0 quiet nokaslr clearcpuid=xsaves,xsavec mitigations=off tsc=reliable; initrd /boot/initrd }
GRUB
grub-mkrescue -o disc.iso iso >grub.log 2>&1 || fail "the disc could not be made; see $place/grub.log"
cat >bochsrc <<BOCHS
megs: 1024
cpu: model=corei7_skylake_x, count=1, ips=80000000
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path=$place/disc.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$place/serial.txt
display_library: rfb, options="timeout=0"
log: $place/bochs.log
panic: action=fatal
BOCHS

say "tests in the emulator: ${tests[*]}"
rm -f serial.txt
touch serial.txt
# Debian's Bochs begins in its debugger, where "c" lets it go on and the end of input would stop it.
rm -f keys
mkfifo keys
exec 3<>keys
echo c >&3
bochs-bin -q -f bochsrc <keys >bochs.out 2>&1 &
emulator=$!
trap 'kill "$emulator" 2>/dev/null || true' EXIT
while read -r line; do
  line=${line%$'\r'}
  case $line in
    *"test cases"* | "== "* | *ERROR* | *FATAL* | *panic*) printf '%s\n' "$line" ;;
  esac
  case $line in "== end" | *"Kernel panic"*) break ;; esac
done < <(tail -n +1 -f --pid="$emulator" serial.txt)
kill "$emulator" 2>/dev/null || true
grep -q '== this processor has AVX-512' serial.txt || fail "the emulated processor shows no AVX-512; see $place/serial.txt"
grep -q '== end' serial.txt || fail "the tests did not come to their end; see $place/serial.txt"
! grep -q '== FAILED' serial.txt || fail "tests failed; see $place/serial.txt"
say "all passed"
