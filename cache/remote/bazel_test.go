package remote

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"deptrace/cache/digest"
	"deptrace/cache/remote/remotetest"
)

// noise cannot be packed.
func noise(n int) string {
	b := make([]byte, n)
	src := mathrand.NewChaCha8([32]byte{1})
	src.Read(b)
	return string(b)
}

// travels pushes an entry and sets from one machine and gets them on another.
func travels(t *testing.T, settings ...string) {
	t.Helper()
	contents := []string{"object\n", "", strings.Repeat("packs well ", 200_000), noise(3 << 20), strings.Repeat("x", worthPacking), "object\n"}
	a := newMachine(t, settings...)
	key := keyFor(strings.Join(settings, " "))
	_, err := a.Entry(soon(t), key)
	a.misses(err, "the server does not have it")
	a.step(key, contents...)
	a.knows(key, "set 2", "set 1")
	a.works(a.PushEntry(soon(t), key))
	a.works(a.PushSets(soon(t), key))

	b := newMachine(t, settings...)
	_, err = b.Entry(soon(t), key)
	b.works(err)
	b.has(key, contents...)
	b.knows(key, "mine", "set 1")
	_, err = b.Sets(soon(t), key)
	b.works(err)
	if known, want := b.known(key), []string{"mine", "set 1", "set 2"}; !slices.Equal(known, want) {
		t.Errorf("known are %q, want %q", known, want)
	}
	b.works(b.PushSets(soon(t), key))
	b.works(b.PushSets(soon(t), key))
	c := newMachine(t, settings...)
	_, err = c.Sets(soon(t), key)
	c.works(err)
	if known, want := c.known(key), []string{"mine", "set 1", "set 2"}; !slices.Equal(known, want) {
		t.Errorf("known are %q, want %q", known, want)
	}
	if pong, err := c.Ping(soon(t)); err != nil || !pong.Writes {
		t.Errorf("ping: %+v, %v", pong, err)
	}
}

func TestBazelRemote(t *testing.T) {
	t.Parallel() // each has a server of its own
	host, kill := remotetest.Start(t)
	travels(t, "DEPTRACE_REMOTE=http://"+host)
	travels(t, "DEPTRACE_REMOTE=http://"+host+"/an/instance/")
	kill()
	a := newMachine(t, "DEPTRACE_REMOTE=http://"+host)
	_, err := a.Entry(soon(t), keyFor("step"))
	a.misses(err, "connection refused")
	_, err = a.Ping(soon(t))
	if want := "is the server running, and the port in DEPTRACE_REMOTE right?"; Hint(err) != want {
		t.Errorf("the hint for %v is %q", err, Hint(err))
	}
}

// Blobs that the server keeps uncompressed arrive as well.
func TestBazelRemoteUncompressed(t *testing.T) {
	t.Parallel() // each has a server of its own
	host, _ := remotetest.Start(t, "--storage_mode", "uncompressed")
	travels(t, "DEPTRACE_REMOTE=http://"+host)
}

// The server reads our message as we mean it: it is asked for it in JSON.
func TestBazelRemoteReadsActions(t *testing.T) {
	t.Parallel() // each has a server of its own
	host, _ := remotetest.Start(t)
	a := newMachine(t, "DEPTRACE_REMOTE=http://"+host)
	blob := Blob{Path: "bin/tool", Sum: a.add("tool"), Size: 4, Exec: true}
	a.works(a.publish(soon(t), actionKey(entryPrefix, keyFor("step")), parcel{[]byte("record"), []Blob{blob, {Path: "/abs", Sum: a.add("")}}}))
	resp, err := a.client.get(soon(t), acName(actionKey(entryPrefix, keyFor("step"))), "Accept", "application/json")
	a.works(err)
	defer resp.Body.Close()
	type file struct {
		Path   string
		Digest struct {
			Hash      string
			SizeBytes string
		}
		IsExecutable bool
	}
	var got struct {
		OutputFiles []file
		ExitCode    int
	}
	a.works(json.NewDecoder(resp.Body).Decode(&got))
	want := []file{{Path: recordPath}, {Path: "bin/tool", IsExecutable: true}, {Path: "deptrace/blob/1"}}
	for i, content := range []string{"record", "tool", ""} {
		want[i].Digest.Hash = strings.TrimPrefix(casPath(content), "/cas/")
		if content != "" { // which is how JSON says zero
			want[i].Digest.SizeBytes = strconv.Itoa(len(content))
		}
	}
	if !slices.Equal(got.OutputFiles, want) || got.ExitCode != 0 {
		t.Errorf("the server reads\n%+v, want\n%+v", got, want)
	}
}

// What is announced before all of it is there does not exist; what is wrong is refused.
func TestBazelRemoteValidates(t *testing.T) {
	t.Parallel() // each has a server of its own
	host, _ := remotetest.Start(t)
	a := newMachine(t, "DEPTRACE_REMOTE=http://"+host)
	key := keyFor("step")
	record := parcel{[]byte("record"), []Blob{{Path: "x", Sum: digest.Sum{1}, Size: 5}}}
	a.works(a.client.putAction(soon(t), actionKey(entryPrefix, key), record.action()))
	_, err := a.Entry(soon(t), key)
	a.misses(err, "the server does not have it")
	if err := a.client.putBytes(soon(t), casName(digest.Sum{1}), []byte("wrong")); err == nil {
		t.Error("it takes a blob that is none")
	}
	if there, err := a.client.has(soon(t), digest.Sum{1}, 5); there || err != nil {
		t.Errorf("it has it: %t, %v", there, err)
	}
}

// It sends what it keeps packed as it is.
func TestBazelRemotePacks(t *testing.T) {
	t.Parallel() // each has a server of its own
	host, _ := remotetest.Start(t)
	a := newMachine(t, "DEPTRACE_REMOTE=http://"+host)
	content := strings.Repeat("packs well ", 100_000)
	a.step(keyFor("step"), content)
	a.works(a.PushEntry(soon(t), keyFor("step")))
	resp, err := a.client.get(soon(t), casPath(content)[1:], "Accept-Encoding", "zstd")
	a.works(err)
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || resp.Header.Get("Content-Encoding") != "zstd" || n > int64(len(content))/100 {
		t.Errorf("%d bytes in %q, %v", n, resp.Header.Get("Content-Encoding"), err)
	}
}

func TestBazelRemoteWithPassword(t *testing.T) {
	t.Parallel() // each has a server of its own
	sum := sha1.Sum([]byte("s3cret"))
	file := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(file, []byte("user:{SHA}"+base64.StdEncoding.EncodeToString(sum[:])+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	host, _ := remotetest.Start(t, "--htpasswd_file", file)
	travels(t, "DEPTRACE_REMOTE=http://user:s3cret@"+host)
	travels(t, "DEPTRACE_REMOTE=http://"+host+"/x", "DEPTRACE_REMOTE_USER=user", "DEPTRACE_REMOTE_PASSWORD=s3cret")
	for want, settings := range map[string][]string{
		"the server wants credentials (401)":              {"DEPTRACE_REMOTE=http://" + host},
		"the server does not take the credentials (401)":  {"DEPTRACE_REMOTE=http://user:wr0ng@" + host},
		"the server does not take the credentials (401) ": {"DEPTRACE_REMOTE=http://" + host, "DEPTRACE_REMOTE_TOKEN=wr0ng"},
	} {
		a := newMachine(t, settings...)
		_, err := a.Entry(soon(t), keyFor("step"))
		a.misses(err, strings.TrimSpace(want))
		_, err = a.Ping(soon(t))
		if err == nil || strings.Contains(err.Error(), "wr0ng") || !strings.Contains(Hint(err), "DEPTRACE_REMOTE_USER") {
			t.Errorf("ping: %v, with the hint %q", err, Hint(err))
		}
	}
	// Whoever may only read can.
	host, _ = remotetest.Start(t, "--htpasswd_file", file, "--allow_unauthenticated_reads")
	a := newMachine(t, "DEPTRACE_REMOTE=http://"+host, "DEPTRACE_REMOTE_READONLY=1")
	if _, err := a.Ping(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestBazelRemoteOverTLS(t *testing.T) {
	t.Parallel() // each has a server of its own
	cert, key := certificate(t)
	host, _ := remotetest.Start(t, "--tls_cert_file", cert, "--tls_key_file", key)
	travels(t, "DEPTRACE_REMOTE=https://"+host, "DEPTRACE_REMOTE_CA="+cert)
	a := newMachine(t, "DEPTRACE_REMOTE=https://"+host)
	_, err := a.Entry(soon(t), keyFor("step"))
	a.misses(err, "certificate signed by unknown authority")
	a = newMachine(t, "DEPTRACE_REMOTE=http://"+host)
	_, err = a.Entry(soon(t), keyFor("step"))
	a.misses(err, "the server says 400 Bad Request")
}

// certificate makes a certificate for 127.0.0.1 that vouches for itself.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "deptrace test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", signed), write("key.pem", "PRIVATE KEY", der)
}

// Many processes share one server, and the same keys.
func TestBazelRemoteTogether(t *testing.T) {
	t.Parallel() // each has a server of its own
	host, _ := remotetest.Start(t)
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 16 {
		machine := reopen(t, dir, "DEPTRACE_REMOTE=http://"+host)
		if i%2 == 1 {
			machine = newMachine(t, "DEPTRACE_REMOTE=http://"+host)
		}
		wg.Go(func() {
			key := keyFor("step")
			machine.step(key, "the same", strings.Repeat("of all ", 10_000))
			machine.knows(key, "set")
			for range 5 {
				for _, err := range []error{machine.PushEntry(soon(t), key), machine.PushSets(soon(t), key)} {
					if err != nil {
						t.Error(err)
					}
				}
				_, err := machine.Entry(soon(t), key)
				_, err2 := machine.Sets(soon(t), key)
				if err != nil || err2 != nil {
					t.Error(err, err2)
				}
			}
		})
	}
	wg.Wait()
}

// The address in a message of this package names no password, wherever it is from.
func TestNoSecretInErrors(t *testing.T) {
	for _, status := range []int{401, 403, 500} {
		f := newFake(t)
		f.before = func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(status); return true }
		a := newMachine(t, "DEPTRACE_REMOTE="+strings.Replace(f.URL, "//", "//user:s3cret@", 1))
		_, err := a.Entry(soon(t), keyFor("step"))
		_, ping := a.Ping(soon(t))
		if err == nil || ping == nil || strings.Contains(err.Error()+ping.Error()+a.client.config.String(), "s3cret") {
			t.Errorf("%v, %v", err, ping)
		}
	}
}

// BenchmarkEntry brings an entry of three blobs, an object of 200 kB among them, into an
// empty store from a server on this machine, and takes it there: 10 to 25 ms each on a
// 2-core virtual machine on which twenty other processes were busy (Linux 6.18,
// 2026-11-26). Without zstd it is the same here, where the network costs nothing.
func BenchmarkEntry(b *testing.B) {
	host, _ := remotetest.Start(b)
	object := noise(50<<10) + strings.Repeat("the rest of an object packs well ", 5<<10)
	key := keyFor("step")
	b.Run("push", func(b *testing.B) {
		for i := range b.N {
			b.StopTimer()
			m := newMachine(b, "DEPTRACE_REMOTE=http://"+host)
			m.step(key, object+strconv.Itoa(i)+time.Now().String(), "a depfile", "a record")
			b.StartTimer()
			m.works(m.PushEntry(context.Background(), key))
		}
	})
	b.Run("fetch", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			m := newMachine(b, "DEPTRACE_REMOTE=http://"+host)
			b.StartTimer()
			_, err := m.Entry(context.Background(), key)
			m.works(err)
		}
	})
}
