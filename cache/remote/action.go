package remote

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"deptrace/cache/digest"
)

// What a server keeps under /ac/ is an ActionResult, a message of the Remote Execution
// API in protocol buffers. Of its many fields these are ours; what is not listed is
// skipped, as the format has it: a server adds who wrote the message.
//
//	message ActionResult { repeated OutputFile output_files = 2; int32 exit_code = 4; }
//	message OutputFile   { string path = 1; Digest digest = 2; bool is_executable = 4; }
//	message Digest       { string hash = 1; int64 size_bytes = 2; }
//
// Four fields are not worth a library of protocol buffers, whose smallest package reads
// its own executable when a program starts.
const (
	actionOutputFiles = 2
	actionExitCode    = 4

	filePath       = 1
	fileDigest     = 2
	fileExecutable = 4

	digestHash = 1
	digestSize = 2
)

// How a field is laid out stands in the three low bits of what goes before it.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// actionResult is an ActionResult as far as it matters here.
type actionResult struct {
	exitCode int64
	files    []Blob // Size is never negative
}

// appendAction appends the message to b. Fields that are zero are left out, which is
// how protocol buffers say zero.
func appendAction(b []byte, a actionResult) []byte {
	for _, f := range a.files {
		var sum []byte
		sum = appendBytes(sum, digestHash, []byte(f.Sum.String()))
		sum = appendVarint(sum, digestSize, uint64(f.Size))
		var file []byte
		file = appendBytes(file, filePath, []byte(f.Path))
		file = appendBytes(file, fileDigest, sum)
		if f.Exec {
			file = appendVarint(file, fileExecutable, 1)
		}
		b = appendBytes(b, actionOutputFiles, file)
	}
	return appendVarint(b, actionExitCode, uint64(a.exitCode))
}

func appendVarint(b []byte, field int, v uint64) []byte {
	if v == 0 {
		return b
	}
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(field)<<3|wireVarint), v)
}

func appendBytes(b []byte, field int, v []byte) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3|wireBytes)
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// parseAction reads a message that somebody else wrote.
func parseAction(b []byte) (actionResult, error) {
	var a actionResult
	err := fields(b, func(field int, number uint64, data []byte) error {
		switch {
		case field == actionExitCode && data == nil:
			a.exitCode = int64(number)
		case field == actionOutputFiles && data != nil:
			f, err := parseFile(data)
			if err != nil {
				return err
			}
			a.files = append(a.files, f)
		}
		return nil
	})
	if err != nil {
		return actionResult{}, fmt.Errorf("no ActionResult: %w", err)
	}
	return a, nil
}

func parseFile(b []byte) (Blob, error) {
	var f Blob
	var digested []byte
	err := fields(b, func(field int, number uint64, data []byte) error {
		switch {
		case field == filePath && data != nil:
			f.Path = string(data)
		case field == fileDigest && data != nil:
			// A message that comes twice is one message with the fields of both.
			digested = append(digested, data...)
		case field == fileExecutable && data == nil:
			f.Exec = number != 0
		}
		return nil
	})
	if err != nil {
		return Blob{}, err
	}
	if f.Path == "" || !utf8.ValidString(f.Path) {
		return Blob{}, errors.New("an output file without a name")
	}
	f.Sum, f.Size, err = parseDigest(digested)
	return f, err
}

func parseDigest(b []byte) (sum digest.Sum, size int64, err error) {
	var name string
	err = fields(b, func(field int, number uint64, data []byte) error {
		switch {
		case field == digestHash && data != nil:
			name = string(data)
		case field == digestSize && data == nil:
			size = int64(number)
		}
		return nil
	})
	if err != nil {
		return sum, 0, err
	}
	sum, ok := parseSum(name)
	if !ok {
		return sum, 0, errors.New("an output file's digest is no SHA-256")
	}
	if size < 0 {
		return sum, 0, errors.New("an output file's size is negative")
	}
	return sum, size, nil
}

// parseSum reads a digest as String writes it.
func parseSum(s string) (sum digest.Sum, ok bool) {
	if len(s) != 2*len(sum) {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(s))
	return sum, err == nil && sum.String() == s // no capitals
}

var errCutOff = errors.New("cut off")

// fields calls each with the fields of a message: with a number, or, where the field is
// a string or a message, with its bytes, which are not nil then.
func fields(b []byte, each func(field int, number uint64, data []byte) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return errCutOff
		}
		b = b[n:]
		if key>>3 == 0 || key>>3 > math.MaxInt32 {
			return errors.New("a field without a number")
		}
		var number uint64
		var data []byte
		switch key & 7 {
		case wireVarint:
			number, n = binary.Uvarint(b)
			if n <= 0 {
				return errCutOff
			}
		case wireBytes:
			size, m := binary.Uvarint(b)
			if m <= 0 || size > uint64(len(b)-m) {
				return errCutOff
			}
			n = m + int(size)
			data = b[m:n:n]
		case wireFixed64:
			n = 8
		case wireFixed32:
			n = 4
		default:
			return fmt.Errorf("a field of unknown kind %d", key&7)
		}
		if n > len(b) {
			return errCutOff
		}
		b = b[n:]
		if err := each(int(key>>3), number, data); err != nil {
			return err
		}
	}
	return nil
}
