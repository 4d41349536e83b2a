package digest

import (
	"crypto/sha256"
	"encoding/binary"

	"deptrace/trace/footprint"
)

// The file is a page with the magic and the pages of slots. 8192 of them have room for
// 417,000 identities; a page that nobody has written takes no place on the disk.
const (
	pageSize = 4096
	pages    = 8192
	memoSize = (1 + pages) * pageSize
	// memoMagic changes with everything that changes the meaning of the file.
	memoMagic = "deptrace memo 1\n"
)

// A slot is five numbers of 8 bytes, little endian, the digest and the check value.
// One without an inode is empty.
const (
	keySize   = 5 * 8
	sumAt     = keySize
	checkAt   = sumAt + 32
	checkSize = 8
	slotSize  = checkAt + checkSize
	slots     = pageSize / slotSize
)

type page [pageSize]byte

// offset is where page n is in the file.
func offset(n int) int64 { return int64(1+n) * pageSize }

// pageOf returns the page of a file: one for eight inodes that follow each other.
func pageOf(s *footprint.State) int {
	h := s.Dev*0x9e3779b97f4a7c15 + s.Ino>>3
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	return int(h % pages)
}

func key(s *footprint.State) (k [keySize]byte) {
	for i, v := range [...]uint64{s.Dev, s.Ino, uint64(s.Size), uint64(s.Mtime), uint64(s.Ctime)} {
		binary.LittleEndian.PutUint64(k[8*i:], v)
	}
	return k
}

// check returns the check value of a slot's key and digest.
func check(slot []byte, boot *[16]byte) [checkSize]byte {
	var b [checkAt + len(boot)]byte
	copy(b[:], slot[:checkAt])
	copy(b[checkAt:], boot[:])
	sum := sha256.Sum256(b[:])
	return [checkSize]byte(sum[:])
}

// find returns the digest that the page has for an identity.
func (p *page) find(s *footprint.State, boot *[16]byte) (sum Sum, ok bool) {
	k := key(s)
	for i := range slots {
		slot := p[i*slotSize:][:slotSize]
		if [keySize]byte(slot) == k && [checkSize]byte(slot[checkAt:]) == check(slot, boot) {
			return Sum(slot[sumAt:checkAt]), true
		}
	}
	return Sum{}, false
}

// put gives an identity a slot, and returns where in the page: that of the file as it
// was, else an empty one, else that of another.
func (p *page) put(s *footprint.State, sum *Sum, boot *[16]byte) (at int) {
	k := key(s)
	var slot [slotSize]byte
	copy(slot[:], k[:])
	copy(slot[sumAt:], sum[:])
	c := check(slot[:], boot)
	copy(slot[checkAt:], c[:])

	at = -1
	for i := range slots {
		have := binary.LittleEndian.Uint64(p[i*slotSize+8:])
		if have == s.Ino && binary.LittleEndian.Uint64(p[i*slotSize:]) == s.Dev {
			at = i
			break
		}
		if have == 0 && at < 0 {
			at = i
		}
	}
	if at < 0 {
		at = int(binary.LittleEndian.Uint64(c[:]) % slots)
	}
	copy(p[at*slotSize:], slot[:])
	return at * slotSize
}
