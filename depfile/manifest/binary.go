package manifest

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"deptrace/trace/footprint"
)

// The binary form is the whole value of a manifest for programs of this version to keep
// for themselves: half as long as TOML, read in a third of the time, and the same
// bytes for the same value. It begins with binaryMagic and ends with the beginning of
// the SHA-256 of what is before that. Numbers are unsigned varints, strings and lists
// have their length in front, sets of variables are sorted. An input is a byte for kind,
// type, executable bit and whether there is a digest, then path, digest, size, target and rights;
// an output likewise.
//
// binaryMagic changes with everything that changes the meaning of a byte.
const (
	binaryMagic = "deptrace record binary 3\n"
	binaryCheck = 16
)

// The first byte of an input or output: kind in the lowest 3 bits, then the type of an input,
// or what else there is to say of an output.
const (
	typeShift = 3
	handedBit = 1 << 3
	addsBit   = 1 << 4
	needsBit  = 1 << 5
	execBit   = 1 << 6
	sumBit    = 1 << 7
)

// AppendBinary appends the binary form of the manifest to b. The error, which
// [encoding.BinaryAppender] wants, is always nil.
func (m *Manifest) AppendBinary(b []byte) ([]byte, error) {
	start := len(b)
	w := binaryWriter(append(slices.Grow(b, 512+100*m.entries()), binaryMagic...))
	w.uint(uint64(m.Version))
	w.bool(m.Complete)
	w.list(m.Incomplete)
	w.text(m.Root)
	s := &m.Step
	w.list(s.Argv)
	w.text(s.Dir)
	w.text(s.Stdin)
	w.uint(uint64(s.Exit))
	w.uint(uint64(s.Signal))
	w.uint(uint64(len(s.Env)))
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		w.text(name)
		w.text(s.Env[name])
	}
	for _, list := range [][]string{s.EnvUnset, s.EnvOff, s.Ignore, s.Writes} {
		w.list(list)
	}
	w.text(s.Stat)
	w.uint(uint64(len(m.Programs)))
	for i := range m.Programs {
		w.text(m.Programs[i].Name)
		w.text(m.Programs[i].Path)
	}
	w.uint(uint64(len(m.Inputs)))
	for i := range m.Inputs {
		in := &m.Inputs[i]
		w.entry(byte(in.Kind)|byte(in.Type)<<typeShift, in.Exec, in.Path, &in.Digest)
		w.uint(uint64(in.Size))
		w.text(in.Target)
		w.uint(uint64(in.Asked | in.Denied<<2))
	}
	for _, list := range [][]Output{m.Outputs, m.Side} {
		w.uint(uint64(len(list)))
		for i := range list {
			out := &list[i]
			first := byte(out.Kind)
			if out.Handed {
				first |= handedBit
			}
			if out.Adds {
				first |= addsBit
			}
			if out.Needs {
				first |= needsBit
			}
			w.entry(first, out.Exec, out.Path, &out.Digest)
			w.text(out.Target)
		}
	}
	w.list(m.Uses)
	check := sha256.Sum256(w[start:])
	return append(w, check[:binaryCheck]...), nil
}

// binaryWriter is the binary form so far.
type binaryWriter []byte

func (w *binaryWriter) uint(n uint64) { *w = binary.AppendUvarint(*w, n) }

func (w *binaryWriter) bool(v bool) {
	if v {
		w.uint(1)
	} else {
		w.uint(0)
	}
}

func (w *binaryWriter) text(s string) {
	w.uint(uint64(len(s)))
	*w = append(*w, s...)
}

func (w *binaryWriter) list(list []string) {
	w.uint(uint64(len(list)))
	for _, s := range list {
		w.text(s)
	}
}

func (w *binaryWriter) entry(first byte, exec bool, path string, d *Digest) {
	if exec {
		first |= execBit
	}
	if !d.IsZero() {
		first |= sumBit
	}
	*w = append(*w, first)
	w.text(path)
	if first&sumBit != 0 {
		*w = append(*w, d[:]...)
	}
}

// DecodeBinary returns the manifest of which data is the binary form. Lists that were
// empty are nil, as [Decode] leaves them. The error is a [*DamagedError], for a form of
// another version, too.
//
// It sees to it that the bytes are those that AppendBinary wrote, and that every value is
// one that its type has. Whether it is a record that Decode would take was for whoever
// had it written to know.
func DecodeBinary(data []byte) (*Manifest, error) {
	n := len(data) - binaryCheck
	if n < len(binaryMagic) || string(data[:len(binaryMagic)]) != binaryMagic {
		return nil, damaged("it is not in the binary form of this version")
	}
	if sum := sha256.Sum256(data[:n]); string(sum[:binaryCheck]) != string(data[n:]) {
		return nil, damaged("its check value is wrong")
	}
	r := &binaryReader{rest: string(data[len(binaryMagic):n])}
	m := &Manifest{Version: int(r.uint()), Complete: r.bool(), Incomplete: r.list(), Root: r.text()}
	m.Step = Step{
		Argv: r.list(), Dir: r.text(), Stdin: r.text(), Exit: int(r.uint()), Signal: int(r.uint()), Env: r.env(),
		EnvUnset: r.list(), EnvOff: r.list(), Ignore: r.list(), Writes: r.list(), Stat: r.text(),
	}
	m.Programs = binaryList(r, 2, func(p *Program) { p.Name, p.Path = r.text(), r.text() })
	m.Inputs = binaryList(r, 5, func(in *Input) {
		first := r.entry(&in.Exec, &in.Path, &in.Digest)
		in.Kind, in.Type = footprint.Kind(first&7), footprint.Type(first>>typeShift)
		in.Size, in.Target = int64(r.uint()), r.text()
		rights := r.uint()
		in.Asked, in.Denied = footprint.Rights(rights&3), footprint.Rights(rights>>2)
		r.want(rights < 16 && in.Denied&^in.Asked == 0 && (in.Asked == 0 || in.Kind <= footprint.Exists))
		r.want(in.Kind <= footprint.List && in.Type <= footprint.Other)
	})
	output := func(out *Output) {
		first := r.entry(&out.Exec, &out.Path, &out.Digest)
		out.Handed, out.Adds, out.Needs = first&handedBit != 0, first&addsBit != 0, first&needsBit != 0
		out.Kind = OutputKind(first &^ (handedBit | addsBit | needsBit))
		out.Target = r.text()
		r.want(out.Kind <= Removed)
	}
	m.Outputs = binaryList(r, 3, output)
	m.Side = binaryList(r, 3, output)
	m.Uses = r.list()
	if r.bad || r.rest != "" {
		return nil, damaged("its parts do not fit together")
	}
	return m, nil
}

// binaryReader is the rest of a binary form. bad is set as soon as something cannot be;
// what is returned then is of no use.
type binaryReader struct {
	rest string
	bad  bool
}

func (r *binaryReader) want(ok bool) { r.bad = r.bad || !ok }

func (r *binaryReader) uint() (v uint64) {
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		c := r.rest[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			// The tenth byte has room for one bit, and no last byte is 0 but the only one.
			r.want(i < binary.MaxVarintLen64-1 || c <= 1)
			r.want(i == 0 || c != 0)
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.bad = true
	return 0
}

func (r *binaryReader) bool() bool {
	v := r.uint()
	r.want(v <= 1)
	return v == 1
}

func (r *binaryReader) text() string { return r.take(r.uint()) }

func (r *binaryReader) take(n uint64) string {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *binaryReader) list() []string {
	return binaryList(r, 1, func(s *string) { *s = r.text() })
}

func (r *binaryReader) env() map[string]string {
	env := map[string]string{}
	last := ""
	for n := r.uint(); n > 0 && !r.bad; n-- {
		name, value := r.text(), r.text()
		r.want(len(env) == 0 || name > last)
		env[name] = value
		last = name
	}
	return env
}

func (r *binaryReader) entry(exec *bool, path *string, d *Digest) (kind byte) {
	s := r.take(1)
	if s == "" {
		return 0
	}
	first := s[0]
	*exec = first&execBit != 0
	*path = r.text()
	if first&sumBit != 0 {
		copy(d[:], r.take(uint64(len(d))))
		r.want(!d.IsZero())
	}
	return first &^ (execBit | sumBit)
}

// binaryList reads a list of which each element takes at least least bytes: how many are
// announced is believed only as far as there is room for them.
func binaryList[T any](r *binaryReader, least int, read func(*T)) []T {
	n := r.uint()
	if r.bad || n > uint64(len(r.rest)/least) {
		r.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		if read(&list[i]); r.bad {
			return nil
		}
	}
	return list
}
