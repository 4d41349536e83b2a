//go:build amd64 || arm64

package observe

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// image makes an ELF file of either class and byte order whose PT_INTERP is interp,
// behind a PT_LOAD; no PT_INTERP if it is empty.
func image(class elf.Class, data elf.Data, interp string) []byte {
	order := binary.ByteOrder(binary.LittleEndian)
	if data == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(class), byte(data), byte(elf.EV_CURRENT)}
	var b bytes.Buffer
	put := func(v any) { binary.Write(&b, order, v) }
	count := uint16(1)
	if interp != "" {
		count = 2
	}
	if class == elf.ELFCLASS64 {
		put(elf.Header64{Ident: ident, Type: 3, Machine: 62, Version: 1, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: count})
		put(elf.Prog64{Type: uint32(elf.PT_LOAD)})
		if interp != "" {
			put(elf.Prog64{Type: uint32(elf.PT_INTERP), Off: uint64(b.Len()) + 56, Filesz: uint64(len(interp) + 1)})
		}
	} else {
		put(elf.Header32{Ident: ident, Type: 3, Machine: 3, Version: 1, Phoff: 52, Ehsize: 52, Phentsize: 32, Phnum: count})
		put(elf.Prog32{Type: uint32(elf.PT_LOAD)})
		if interp != "" {
			put(elf.Prog32{Type: uint32(elf.PT_INTERP), Off: uint32(b.Len()) + 32, Filesz: uint32(len(interp) + 1)})
		}
	}
	b.WriteString(interp)
	b.WriteByte(0)
	return b.Bytes()
}

// patched returns a copy of b with what stands at an offset replaced.
func patched(b []byte, at int, with ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], with)
	return b
}

func TestInspect(t *testing.T) {
	ld := "/lib/ld.so"
	wide := image(elf.ELFCLASS64, elf.ELFDATA2LSB, ld)
	narrow := image(elf.ELFCLASS32, elf.ELFDATA2LSB, ld)
	phdr := 64 + 56 // of PT_INTERP in wide
	far := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}
	for _, c := range []struct {
		name        string
		content     string
		kind        programKind
		interpreter string
	}{
		{"64 bits", string(wide), elfFile, ld},
		{"32 bits", string(narrow), elfFile, ld},
		{"big-endian", string(image(elf.ELFCLASS64, elf.ELFDATA2MSB, ld)), elfFile, ld},
		{"big-endian 32 bits", string(image(elf.ELFCLASS32, elf.ELFDATA2MSB, ld)), elfFile, ld},
		{"static", string(image(elf.ELFCLASS64, elf.ELFDATA2LSB, "")), elfFile, ""},
		{"long interpreter", string(image(elf.ELFCLASS64, elf.ELFDATA2LSB, "/"+strings.Repeat("x", 4094))), elfFile, "/" + strings.Repeat("x", 4094)},
		{"too long interpreter", string(image(elf.ELFCLASS64, elf.ELFDATA2LSB, "/"+strings.Repeat("x", 4095))), elfFile, ""},
		{"cut off", string(wide[:len(wide)-3]), elfFile, ""},
		{"header only", string(wide[:64]), elfFile, ""},
		{"program headers far away", string(patched(wide, 32, far...)), elfFile, ""},
		{"program headers at a negative offset", string(patched(wide, 32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)), elfFile, ""},
		{"interpreter far away", string(patched(wide, phdr+8, far...)), elfFile, ""},
		{"interpreter of no bytes", string(patched(wide, phdr+32, 0, 0, 0, 0)), elfFile, ""},
		{"interpreter of huge size", string(patched(wide, phdr+32, far...)), elfFile, ""},
		{"no program headers", string(patched(wide, 56, 0, 0)), elfFile, ""},
		{"size of a header too small", string(patched(wide, 54, 8, 0)), elfFile, ""},
		{"most program headers", string(patched(wide, 56, 0xff, 0xff)), elfFile, ""},
		{"short of a header", "\x7fELF\x02\x01", foreign, ""},
		{"empty", "", foreign, ""},
		{"text", "echo\n", foreign, ""},
		{"script", "#!/bin/sh\n", script, "/bin/sh"},
		{"script with an argument", "#!/usr/bin/env python3 -x\n", script, "/usr/bin/env"},
		{"script with space", "#! \t /bin/sh \t -e\n", script, "/bin/sh"},
		{"script with a tab", "#!/bin/sh\t-e\n", script, "/bin/sh"},
		{"script without an end", "#!/bin/sh", script, "/bin/sh"},
		{"script with a carriage return", "#!/bin/sh\r\n", script, "/bin/sh\r"},
		{"script with a NUL", "#!/bin/sh\x00x\n", script, "/bin/sh"},
		{"script without an interpreter", "#!\n/bin/sh\n", script, ""},
		{"script of space", "#!   \n", script, ""},
		{"relative interpreter", "#!bin/x\n", script, "bin/x"},
		{"hash", "#", foreign, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := filepath.Join(t.TempDir(), "program")
			if err := os.WriteFile(p, []byte(c.content), 0o755); err != nil {
				t.Fatal(err)
			}
			if kind, interpreter := inspect(p); kind != c.kind || interpreter != c.interpreter {
				t.Errorf("got %d, %q, want %d, %q", kind, interpreter, c.kind, c.interpreter)
			}
		})
	}
	dir := t.TempDir()
	for _, p := range []string{filepath.Join(dir, "missing"), dir} {
		if kind, interpreter := inspect(p); kind != unreadable || interpreter != "" {
			t.Errorf("%s: got %d, %q, want it unreadable", p, kind, interpreter)
		}
	}
}

// TestInspectSelf compares with what debug/elf says of programs that are here.
func TestInspectSelf(t *testing.T) {
	for _, p := range []string{"/bin/sh", "/proc/self/exe", "/usr/bin/env"} {
		f, err := elf.Open(p)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := ""
		for _, prog := range f.Progs {
			if prog.Type == elf.PT_INTERP {
				b, err := io.ReadAll(prog.Open())
				if err != nil {
					t.Fatal(err)
				}
				want = strings.TrimSuffix(string(b), "\x00")
			}
		}
		if kind, got := inspect(p); kind != elfFile || got != want {
			t.Errorf("%s: got %d, %q, want an ELF file with %q", p, kind, got, want)
		}
	}
}

// FuzzELF: whatever a file holds, the reader neither fails nor asks for much, and says
// what debug/elf says of the files that both understand.
func FuzzELF(f *testing.F) {
	for _, class := range []elf.Class{elf.ELFCLASS64, elf.ELFCLASS32} {
		for _, data := range []elf.Data{elf.ELFDATA2LSB, elf.ELFDATA2MSB} {
			f.Add(image(class, data, "/lib/ld.so"))
			f.Add(image(class, data, ""))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 64 || !bytes.HasPrefix(b, []byte("\x7fELF")) {
			return // inspect does not ask
		}
		got := elfInterpreter(bytes.NewReader(b), b[:min(len(b), 256)])
		if len(got) >= 4096 {
			t.Errorf("a name of %d bytes", len(got))
		}
		file, err := elf.NewFile(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, p := range file.Progs {
			if p.Type != elf.PT_INTERP {
				continue
			}
			want, err := io.ReadAll(p.Open())
			if err != nil || len(want) < 2 || len(want) > 4096 || uint64(len(want)) != p.Filesz || want[len(want)-1] != 0 {
				want = []byte{0}
			}
			if got != string(want[:len(want)-1]) {
				t.Errorf("got %q, debug/elf says %q", got, want)
			}
			return
		}
		if got != "" {
			t.Errorf("got %q, debug/elf knows no interpreter", got)
		}
	})
}

// FuzzScript: the interpreter of a "#!" line has no white space and is what the line
// begins with.
func FuzzScript(f *testing.F) {
	for _, s := range []string{"#!/bin/sh\n", "#! /usr/bin/env x\n", "#!", "#!\x00", "#! \t\n", "#!/a/b"} {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		p := filepath.Join(dir, "script")
		if err := os.WriteFile(p, append([]byte("#!"), b...), 0o644); err != nil {
			t.Fatal(err)
		}
		kind, got := inspect(p)
		if kind != script || strings.ContainsAny(got, " \t\n\x00") || len(got) > 254 {
			t.Errorf("%q: got %d, %q", b, kind, got)
		}
		line, _, _ := strings.Cut(string(b[:min(len(b), 254)]), "\n")
		if !strings.HasPrefix(strings.TrimLeft(line, " \t"), got) {
			t.Errorf("%q: got %q, which the line does not begin with", b, got)
		}
	})
}
