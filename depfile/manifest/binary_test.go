package manifest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func appendBinary(t testing.TB, m *Manifest) []byte {
	t.Helper()
	data, err := m.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBinary(t *testing.T) {
	empty := &Manifest{Step: Step{Env: map[string]string{}}}
	for _, want := range []*Manifest{everything(), large(100), mustDecode(t, small), empty} {
		data := appendBinary(t, want)
		got, err := DecodeBinary(data)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
		if again := appendBinary(t, got); !bytes.Equal(again, data) {
			t.Error("the same value has two forms")
		}
		behind, err := want.AppendBinary([]byte("before"))
		if err != nil || !bytes.Equal(behind, append([]byte("before"), data...)) {
			t.Errorf("appended it is another form (%v)", err)
		}
	}
}

// The form is for a reader of later: it changes only together with binaryMagic.
func TestBinaryIsStable(t *testing.T) {
	m := everything()
	delete(m.Step.Env, "")
	const want = "1682504471f2e2223153163915069a6015f91db67a32e5013275c18c2c2c5770"
	if got := Digest(sha256.Sum256(appendBinary(t, m))).String(); got != want {
		t.Errorf("the form has SHA-256 %s, want %s: change binaryMagic if it is to be another", got, want)
	}
}

func wantDamaged(t *testing.T, m *Manifest, err error) {
	t.Helper()
	var d *DamagedError
	if m != nil || !errors.As(err, &d) {
		t.Fatalf("got %v, %v, want a DamagedError", m, err)
	}
}

// Any bit that turns over, and any end that is missing, is noticed.
func TestBinaryDamage(t *testing.T) {
	data := appendBinary(t, everything())
	for n := range data {
		m, err := DecodeBinary(data[:n])
		wantDamaged(t, m, err)
	}
	for bit := range 8 * len(data) {
		bent := bytes.Clone(data)
		bent[bit/8] ^= 1 << (bit % 8)
		m, err := DecodeBinary(bent)
		wantDamaged(t, m, err)
	}
}

// sealed is body between the right magic and the right check value.
func sealed(body []byte) []byte {
	data := append([]byte(binaryMagic), body...)
	check := sha256.Sum256(data)
	return append(data, check[:binaryCheck]...)
}

// Who computes the check value himself gets no further than the types allow, and has no
// more memory taken than a small multiple of what he sends.
func FuzzBinary(f *testing.F) {
	for _, m := range []*Manifest{everything(), large(3), {}} {
		data := appendBinary(f, m)
		body := data[len(binaryMagic) : len(data)-binaryCheck]
		f.Add(body)
		f.Add(append([]byte{body[0] | 0x80, 0}, body[1:]...)) // a number with a zero too many
	}
	f.Add([]byte{1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := DecodeBinary(sealed(body))
		if err != nil {
			wantDamaged(t, m, err)
			return
		}
		if data := appendBinary(t, m); !bytes.Equal(data, sealed(body)) {
			t.Errorf("%q is taken, and written as %q", body, data)
		}
		for i := range m.Inputs {
			_, _ = m.Inputs[i].Kind.String(), m.Inputs[i].Type.String()
		}
		for i := range m.Outputs {
			_ = m.Outputs[i].Kind.String()
		}
	})
}

// A count that nothing follows takes no memory.
func TestBinaryCounts(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x7f}
	for n := range 18 {
		body := append(bytes.Repeat([]byte{0}, n), huge...)
		body = append(body, make([]byte, 100)...)
		var err error
		if got := testing.AllocsPerRun(1, func() { _, err = DecodeBinary(sealed(body)) }); got > 50 || err == nil {
			t.Errorf("field %d: %v, %v allocations", n, err, got)
		}
	}
}

func BenchmarkBinaryDecode1000(b *testing.B) {
	data := appendBinary(b, large(1000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := DecodeBinary(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBinaryAppend1000(b *testing.B) {
	m := large(1000)
	for b.Loop() {
		if _, err := m.AppendBinary(nil); err != nil {
			b.Fatal(err)
		}
	}
}
