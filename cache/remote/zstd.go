package remote

import (
	"io"

	"github.com/klauspost/compress/zstd"
)

// worthPacking is the size from which on a blob is asked for in zstd, as bazel-remote
// keeps it: an object file with debug information is a third of its size then.
const worthPacking = 4 << 10

// maxWindow bounds how far back packed bytes can refer, and with it the memory that one
// download takes. It is what the format recommends that every reader can do.
const maxWindow = 8 << 20

// unpack reads what is packed in r. Whoever reads it counts the bytes.
func unpack(r io.Reader) (io.ReadCloser, error) {
	// Several blobs are unpacked at once already.
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}
