//! Two guests small enough to read: each proves that the processor runs 64-bit code, and switches its machine off.
//!
//! They are here as bytes with the instructions beside them, so that no assembler is needed. They know nothing of
//! QEMU's command line but where it loads them and how it lets them out.

use super::host::Arch;

/// The port of QEMU's `isa-debug-exit`, by convention.
pub(super) const EXIT_PORT: u16 = 0xf4;
/// What the x86 guest writes there; QEMU then exits with twice that and one.
const EXIT_VALUE: u8 = 0x15;

/// A boot sector that the BIOS loads at 0x7c00. It goes through 16-bit and paging set-up into long mode, because
/// broken virtualization often survives the first and hangs in the rest.
#[rustfmt::skip]
const X86_64: &[u8] = &[
    0xfa,                                           // cli
    0x31, 0xc0,                                     // xor ax, ax
    0x8e, 0xd8, 0x8e, 0xc0,                         // mov ds, ax; mov es, ax
    0xfc, 0xbf, 0x00, 0x10, 0xb9, 0x00, 0x18,       // cld; mov di, 0x1000; mov cx, 0x1800
    0xf3, 0xab,                                     // rep stosw: three empty page tables
    0xc7, 0x06, 0x00, 0x10, 0x03, 0x20,             // mov word [0x1000], 0x2003: first level
    0xc7, 0x06, 0x00, 0x20, 0x03, 0x30,             // mov word [0x2000], 0x3003: second level
    0xc7, 0x06, 0x00, 0x30, 0x83, 0x00,             // mov word [0x3000], 0x0083: one page of 2 MiB at 0
    0x66, 0xb8, 0x00, 0x10, 0x00, 0x00,             // mov eax, 0x1000
    0x0f, 0x22, 0xd8,                               // mov cr3, eax
    0x0f, 0x20, 0xe3,                               // mov ebx, cr4
    0x80, 0xcb, 0x20,                               // or bl, 0x20: physical address extension
    0x0f, 0x22, 0xe3,                               // mov cr4, ebx
    0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0,             // mov ecx, 0xc0000080: the EFER register
    0x0f, 0x32, 0x80, 0xcc, 0x01, 0x0f, 0x30,       // rdmsr; or ah, 1: long mode; wrmsr
    0x0f, 0x01, 0x16, 0x71, 0x7c,                   // lgdt [0x7c71]
    0x0f, 0x20, 0xc0,                               // mov eax, cr0
    0x66, 0x0d, 0x01, 0x00, 0x00, 0x80,             // or eax, 0x80000001: protection and paging
    0x0f, 0x22, 0xc0,                               // mov cr0, eax
    0xea, 0x57, 0x7c, 0x08, 0x00,                   // jmp 8:0x7c57, which is the next instruction, in 64 bits
    0x66, 0xba, EXIT_PORT.to_le_bytes()[0], EXIT_PORT.to_le_bytes()[1], // mov dx, EXIT_PORT
    0xb0, EXIT_VALUE, 0xee,                         // mov al, EXIT_VALUE; out dx, al
    0xf4, 0xeb, 0xfd,                               // hlt; jmp back to it, should the way out be missing
    0, 0, 0, 0, 0, 0, 0, 0,                         // 0x7c61: the empty descriptor
    0xff, 0xff, 0, 0, 0, 0x9a, 0xaf, 0,             // 64-bit code
    0x0f, 0x00, 0x61, 0x7c, 0x00, 0x00,             // 0x7c71: size less one and address of the two
];

/// Started as a kernel image without a header, so that it runs from its first byte.
#[rustfmt::skip]
const AARCH64: [u32; 4] = [
    0x5280_0100,                                    // mov w0, #0x0008
    0x72b0_8000,                                    // movk w0, #0x8400, lsl #16: PSCI's SYSTEM_OFF
    0xd400_0002,                                    // hvc #0
    0x1400_0000,                                    // b ., should nobody answer
];

/// SeaBIOS does not boot from an AHCI disk of one sector.
const DISK: usize = 1 << 20;

/// The file to give to QEMU: a disk on x86_64, a kernel on aarch64.
pub(super) fn image(arch: Arch) -> Vec<u8> {
    match arch {
        Arch::X86_64 => {
            let mut disk = X86_64.to_vec();
            disk.resize(510, 0);
            disk.extend([0x55, 0xaa]);
            disk.resize(DISK, 0);
            disk
        }
        Arch::Aarch64 => AARCH64.iter().flat_map(|instruction| instruction.to_le_bytes()).collect(),
    }
}

/// QEMU's exit status after the guest ran to its end.
pub(super) fn success(arch: Arch) -> i32 {
    match arch {
        Arch::X86_64 => i32::from(EXIT_VALUE) * 2 + 1,
        Arch::Aarch64 => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_sector_is_one_and_its_addresses_hold() {
        let disk = image(Arch::X86_64);
        assert_eq!(disk[510..512], [0x55, 0xaa]);
        // What lgdt, the far jump and the table's own pointer name, as offsets from 0x7c00.
        assert_eq!(X86_64.len(), 0x77);
        assert_eq!(X86_64[0x71..0x73], [0x0f, 0x00]);
        assert_eq!(X86_64[0x57..0x59], [0x66, 0xba]);
        assert_eq!(X86_64[0x61..0x69], [0; 8]);
    }

    #[test]
    fn the_kernel_is_little_endian() {
        assert_eq!(image(Arch::Aarch64)[..4], [0x00, 0x01, 0x80, 0x52]);
    }
}
