package syscalls

import "deptrace/trace/event"

// socketRows are the calls that say who is at the other end of a socket. Sending
// to an address is a connection that lasts for one message.
var socketRows = []Spec{
	{Name: "connect", Nr: Numbers{42, 362, 203}, Op: event.Connect, FD: A0, Address: A1, Len: A2, Style: SockAddr},
	// unix(7): bind makes the file, and no link in its place is followed.
	{Name: "bind", Nr: Numbers{49, 361, 200}, Op: event.Bind, FD: A0, Address: A1, Len: A2, Style: SockAddr, Fixed: event.NoFollow},
	{Name: "sendto", Nr: Numbers{44, 369, 206}, Op: event.Connect, FD: A0, Address: A4, Len: A5, Style: SockAddr, Any: []Cond{given(A4)}},
	// The address is in memory, where a filter cannot see it.
	{Name: "sendmsg", Nr: Numbers{46, 370, 211}, Op: event.Connect, FD: A0, Address: A1, Style: MsgHdr},
	{Name: "sendmmsg", Nr: Numbers{307, 345, 269}, Op: event.Connect, FD: A0, Address: A1, Len: A2, Style: MMsgHdr},
	// SYS_BIND, SYS_CONNECT, SYS_SENDTO, SYS_SENDMSG and SYS_SENDMMSG of linux/net.h
	// are the calls above, SYS_ACCEPT, SYS_RECV, SYS_RECVFROM, SYS_RECVMSG,
	// SYS_ACCEPT4 and SYS_RECVMMSG those of readingRows. The Op is that of most.
	{Name: "socketcall", Nr: Numbers{none, 102, none}, Op: event.Connect, Address: A1, Style: SocketCall,
		Any:     []Cond{is(A0, 2), is(A0, 3), is(A0, 11), is(A0, 16), is(A0, 20)},
		MayRead: []Cond{is(A0, 5), is(A0, 10), is(A0, 12), is(A0, 17), is(A0, 18), is(A0, 19)}},
}
