package syscalls

// opened is why reading and writing is not watched.
const opened = "works through a descriptor: that the file was opened, and how, is recorded"

// readingRows are the calls that take data out of a descriptor. They matter only
// where the descriptor is a standard input that was not made by the step.
var readingRows = []Spec{
	{Name: "read", Nr: Numbers{0, 3, 63}, Reads: A0, Harmless: opened},
	{Name: "pread64", Nr: Numbers{17, 180, 67}, Reads: A0, Harmless: opened},
	{Name: "readv", Nr: Numbers{19, 145, 65}, Reads: A0, Harmless: opened},
	{Name: "preadv", Nr: Numbers{295, 333, 69}, Reads: A0, Harmless: opened},
	{Name: "preadv2", Nr: Numbers{327, 378, 286}, Reads: A0, Harmless: opened},
	{Name: "sendfile", Nr: Numbers{40, 187, 71}, Reads: A1, Harmless: opened},
	{Name: "sendfile64", Nr: Numbers{none, 239, none}, Reads: A1, Harmless: opened},
	{Name: "copy_file_range", Nr: Numbers{326, 377, 285}, Reads: A0, Harmless: opened},
	{Name: "splice", Nr: Numbers{275, 313, 76}, Reads: A0, Harmless: opened},
	{Name: "tee", Nr: Numbers{276, 315, 77}, Reads: A0, Harmless: opened},
	// From a pipe into memory, if the descriptor is the end that is read.
	{Name: "vmsplice", Nr: Numbers{278, 316, 75}, Reads: A0, Harmless: opened},
	// The descriptors are in memory.
	{Name: "io_submit", Nr: Numbers{209, 248, 2}, Address: A2, Len: A1, Style: ControlBlocks, Harmless: opened},

	{Name: "recvfrom", Nr: Numbers{45, 371, 207}, Reads: A0, Harmless: peer},
	{Name: "recvmsg", Nr: Numbers{47, 372, 212}, Reads: A0, Harmless: peer},
	{Name: "recvmmsg", Nr: Numbers{299, 337, 243}, Reads: A0, Harmless: peer},
	{Name: "recvmmsg_time64", Nr: Numbers{none, 417, none}, Reads: A0, Harmless: peer},
	// A socket that is listened on is read by taking connections from it.
	{Name: "accept", Nr: Numbers{43, none, 202}, Reads: A0, Harmless: peer},
	{Name: "accept4", Nr: Numbers{288, 364, 242}, Reads: A0, Harmless: peer},
}
