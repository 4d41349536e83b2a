package syscalls

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
)

var abis = []ABI{AMD64, I386, ARM64}

// notFiles are the calls that take neither a path nor a descriptor: times, memory,
// signals, identities, System V IPC, and calls that were never implemented. ptrace
// is an engine's business.
const notFiles = `
_sysctl add_key adjtimex afs_syscall alarm arch_prctl arch_specific_syscall bdflush break brk
capget capset clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
clock_gettime64 clock_nanosleep clock_nanosleep_time64 clock_settime clock_settime64
create_module delete_module exit exit_group fork ftime futex futex_requeue futex_time64
futex_wait futex_waitv futex_wake get_kernel_syms get_mempolicy get_robust_list get_thread_area
getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer
getpgid getpgrp getpid getpmsg getppid getpriority getrandom getresgid getresgid32 getresuid
getresuid32 getrlimit getrusage getsid gettid gettimeofday getuid getuid32 gtty idle init_module
ioperm iopl ioprio_get ioprio_set ipc kexec_load keyctl kill lock lsm_get_self_attr
lsm_list_modules lsm_set_self_attr madvise map_shadow_stack mbind membarrier migrate_pages
mincore mlock mlock2 mlockall modify_ldt move_pages mprotect mpx mremap mseal msgctl msgget
msgrcv msgsnd msync munlock munlockall munmap nanosleep nfsservctl nice oldolduname olduname
pause personality pkey_alloc pkey_free pkey_mprotect prlimit64 process_vm_readv
process_vm_writev prof profil ptrace putpmsg query_module reboot request_key restart_syscall
rseq rseq_slice_yield rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max
sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr
sched_setparam sched_setscheduler sched_yield security semctl semget semop semtimedop
semtimedop_time64 set_mempolicy set_mempolicy_home_node set_robust_list set_thread_area
set_tid_address setdomainname setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
setgroups32 sethostname setitimer setpgid setpriority setregid setregid32 setresgid setresgid32
setresuid setresuid32 setreuid setreuid32 setrlimit setsid settimeofday setuid setuid32 sgetmask
shmat shmctl shmdt shmget sigaction sigaltstack signal sigpending sigprocmask sigreturn
sigsuspend ssetmask stime stty sync sysinfo syslog tgkill time timer_create timer_delete
timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 times tkill tuxcall
ugetrlimit ulimit umask uname uprobe uretprobe vfork vhangup vm86 vm86old vserver wait4 waitid
waitpid
`

// takesPath are the calls that take the name of a file, from the SYNOPSIS of their
// manual pages. Their rows must say what becomes of it.
const takesPath = `
open openat openat2 creat stat lstat newfstatat fstatat64 statx stat64 lstat64 oldstat oldlstat
access faccessat faccessat2 readlink readlinkat chdir chroot pivot_root execve execveat
mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat mknod mknodat
chmod fchmodat fchmodat2 chown lchown fchownat chown32 lchown32 utime utimes futimesat utimensat utimensat_time64
truncate truncate64 setxattr lsetxattr getxattr lgetxattr listxattr llistxattr removexattr lremovexattr
setxattrat getxattrat listxattrat removexattrat file_getattr file_setattr name_to_handle_at
inotify_add_watch fanotify_mark uselib acct swapon swapoff quotactl mount umount umount2 move_mount
open_tree open_tree_attr fspick fsopen fsconfig mount_setattr statfs statfs64 mq_open mq_unlink bpf bind connect
sendto sendmsg sendmmsg socketcall
`

// needsCapability are the calls that are not modelled and that a process without a capability
// cannot make, from the ERRORS of their manual pages.
var needsCapability = map[Capability]string{
	SysAdmin: `mount umount umount2 fsopen fspick fsmount move_mount mount_setattr pivot_root swapon swapoff
		clone clone3 unshare`,
	SysChroot:     `chroot`,
	SysPacct:      `acct`,
	DACReadSearch: `open_by_handle_at`,
}

// kernelCalls returns the names and numbers that golang.org/x/sys has for an ABI.
func kernelCalls(t *testing.T, a ABI) map[int]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		t.Fatalf("go list -m golang.org/x/sys: %v", err)
	}
	file := filepath.Join(strings.TrimSpace(string(out)), "unix", "zsysnum_linux_"+a.String()+".go")
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[int]string)
	for _, m := range regexp.MustCompile(`(?m)^\s*SYS_(\w+)\s*= (\d+)`).FindAllStringSubmatch(string(src), -1) {
		nr, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		names[nr] = strings.ToLower(m[1])
	}
	if len(names) < 300 {
		t.Fatalf("%s: found only %d calls", file, len(names))
	}
	return names
}

func set(list string) map[string]bool {
	m := make(map[string]bool)
	for _, name := range strings.Fields(list) {
		m[name] = true
	}
	return m
}

// Every call of the kernel has a row or is known to be of no interest, and every row
// has the kernel's number. A call that x/sys has learnt fails here until somebody has
// looked at it.
func TestEveryCallIsAccountedFor(t *testing.T) {
	other, rows := set(notFiles), make(map[string]bool)
	All(func(s *Spec) { rows[s.Name] = true })
	for name := range other {
		if rows[name] {
			t.Errorf("%s has a row and is in notFiles", name)
		}
	}
	for _, a := range abis {
		names, highest := kernelCalls(t, a), 0
		for nr, name := range names {
			highest = max(highest, nr)
			s := Lookup(a, uint64(nr))
			switch {
			case s == nil && !other[name], s == &Newer:
				t.Errorf("%v: %s (%d) has neither a row nor a place in notFiles", a, name, nr)
			case s != nil && s.Name != name:
				t.Errorf("%v: call %d is %s, but its row is that of %s", a, nr, name, s.Name)
			}
		}
		if got := int(last[a]); got != highest {
			t.Errorf("%v: the last call is said to be %d, want %d", a, got, highest)
		}
		All(func(s *Spec) {
			nr := s.Nr.Of(a)
			if nr != none && names[nr] != s.Name {
				t.Errorf("%v: the row of %s has number %d, which is %q", a, s.Name, nr, names[nr])
			}
			for n, name := range names {
				if nr == none && name == s.Name && Lookup(a, uint64(n)) == nil {
					t.Errorf("%v: the row of %s lacks number %d", a, s.Name, n)
				}
			}
		})
	}
}

func TestEveryPathIsAccountedFor(t *testing.T) {
	found := make(map[string]bool)
	All(func(s *Spec) {
		found[s.Name] = true
		handled := s.Path != NoArg || s.Address != NoArg
		if set(takesPath)[s.Name] && !handled && s.Op != event.Incomplete && s.Harmless == "" {
			t.Errorf("%s takes a path that is neither handled, nor harmless, nor makes the record incomplete", s.Name)
		}
		if s.Path != NoArg && !set(takesPath)[s.Name] {
			t.Errorf("%s takes a path, but is not in takesPath", s.Name)
		}
	})
	for name := range set(takesPath) {
		if !found[name] {
			t.Errorf("%s has no row", name)
		}
	}
}

func TestRowsMakeSense(t *testing.T) {
	seen := make(map[ABI]map[int]string)
	for _, a := range abis {
		seen[a] = make(map[int]string)
	}
	All(func(s *Spec) {
		for _, a := range abis {
			nr := s.Nr.Of(a)
			if nr == none {
				continue
			}
			if before, ok := seen[a][nr]; ok {
				t.Errorf("%v: %d is both %s and %s", a, nr, before, s.Name)
			}
			seen[a][nr] = s.Name
			if got := Lookup(a, uint64(nr)); got != s {
				t.Errorf("Lookup(%v, %d) = %v, want the row of %s", a, nr, got, s.Name)
			}
		}
		if (s.Op == event.None) != (s.Harmless != "") {
			t.Errorf("%s: operation %v, harmless because %q: want one of them", s.Name, s.Op, s.Harmless)
		}
		if (s.Op == event.Incomplete) != (s.Reason != "") {
			t.Errorf("%s: operation %v, reason %q", s.Name, s.Op, s.Reason)
		}
		if s.Reason != "" && event.Help[s.Reason] == "" {
			t.Errorf("%s: there is no help for %q", s.Name, s.Reason)
		}
		if s.When == AtEntry && (&event.Event{Op: s.Op}).Changes() {
			t.Errorf("%s changes something, but is told at its entry only", s.Name)
		}
		aboutFile := s.Op != event.None && s.Op < event.Bind
		if names := s.Path != NoArg || s.FD != NoArg; aboutFile && !names {
			t.Errorf("%s: no file", s.Name)
		}
		if two := s.Op == event.Rename || s.Op == event.LinkTo; two != (s.Path2 != NoArg) {
			t.Errorf("%s: second path %v", s.Name, s.Path2)
		}
		if (s.Dir != NoArg) && (s.Path == NoArg) || (s.Dir2 != NoArg) != (s.Path2 != NoArg && s.Dir != NoArg) {
			t.Errorf("%s: a directory without a path, or one for one of two paths", s.Name)
		}
		flags := s.Style != NoStyle && s.Style < SockAddr
		if flags != (s.Flags != NoArg) {
			t.Errorf("%s: style %d, but its argument is %d", s.Name, s.Style, s.Flags)
		}
		if address := s.Style >= SockAddr; address != (s.Address != NoArg) {
			t.Errorf("%s: style %d, but its address is %d", s.Name, s.Style, s.Address)
		}
		if (s.Op == event.Truncate) != (s.Size != NoArg) || (s.Op == event.Symlink) != (s.Target != NoArg) ||
			s.Mode != NoArg && s.Op != event.Access {
			t.Errorf("%s: size, target or mode", s.Name)
		}
		for _, c := range slices.Concat(s.Any, s.MayRead) {
			if c.Arg == NoArg || c.Mask == 0 || c.Value&^c.Mask != 0 || !c.Equal && c.Value != 0 {
				t.Errorf("%s: the condition %+v cannot hold", s.Name, c)
			}
			if c.Equal && c.Mask > 0xffffffff {
				t.Errorf("%s: the condition %+v asks for an upper half, which may be junk in an i386 call", s.Name, c)
			}
		}
		if (s.Reason == event.Xattr) != (s.Xattr != NoXattr) {
			t.Errorf("%s: reason %q, and does %d with attributes", s.Name, s.Reason, s.Xattr)
		}
		if one := s.Xattr != NoXattr && s.Xattr != ListXattr; one != (s.Attr != NoArg) {
			t.Errorf("%s: does %d with attributes, and the name of one is %d", s.Name, s.Xattr, s.Attr)
		}
		if (s.Needs != 0 || s.Kind != "") && s.Op != event.Incomplete || s.Indexed != (Cond{}) && s.Kind == "" {
			t.Errorf("%s: why it fails is asked of calls that are not modelled only", s.Name)
		}
		if s.MayRead != nil && (s.Any == nil || s.Op == event.None || s.Style != SocketCall) {
			t.Errorf("%s: no use but those that may read, or none that the decoder finds out about", s.Name)
		}
	})
}

func TestNeeds(t *testing.T) {
	want := make(map[string]Capability)
	for c, names := range needsCapability {
		for name := range set(names) {
			want[name] = c
		}
	}
	got := make(map[string]Capability)
	All(func(s *Spec) {
		if s.Needs != 0 {
			got[s.Name] = s.Needs
		}
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

func TestDescriptor(t *testing.T) {
	for _, tt := range []struct {
		nr   uint64
		args [6]uint64
		want string
	}{
		{426, [6]uint64{3}, "anon_inode:[io_uring]"},
		{426, [6]uint64{3, 0, 0, 1 << 4}, ""},
		{427, [6]uint64{3, 0, 0, 1 << 4}, "anon_inode:[io_uring]"},
		{438, [6]uint64{3, 0, 0, 1 << 4}, "anon_inode:[pidfd]"},
		{425, [6]uint64{3}, ""},
	} {
		s := Lookup(AMD64, tt.nr)
		if got := s.Descriptor(&tt.args); got != tt.want {
			t.Errorf("%s%v wants %q, want %q", s.Name, tt.args, got, tt.want)
		}
	}
}

func TestABIOf(t *testing.T) {
	for _, tt := range []struct {
		arch uint32
		nr   uint64
		want ABI
	}{
		{0xc000003e, 257, AMD64},
		{0xc000003e, 0x40000000, X32},
		{0xc000003e, 0x40000209, X32},
		{0xc000003e, 1<<64 - 1, AMD64}, // syscall(-1), which some programs try
		{0x40000003, 5, I386},
		{0xc00000b7, 56, ARM64},
		{0x40000028, 5, Unknown}, // 32-bit arm
		{0, 0, Unknown},
	} {
		if got := ABIOf(tt.arch, tt.nr); got != tt.want {
			t.Errorf("ABIOf(%#x, %#x) = %v, want %v", tt.arch, tt.nr, got, tt.want)
		}
	}
}

func TestNative(t *testing.T) {
	if got := Native().String(); got != runtime.GOARCH && slices.Contains([]string{"amd64", "386", "arm64"}, runtime.GOARCH) {
		t.Errorf("Native() = %s, and this is a program for %s", got, runtime.GOARCH)
	}
}

func TestKnows(t *testing.T) {
	want := map[[2]ABI]bool{
		{AMD64, AMD64}: true, {AMD64, I386}: true, // int $0x80
		{I386, I386}:   true,
		{ARM64, ARM64}: true,
	}
	for native := range numABI + 1 {
		for abi := range numABI + 1 {
			if got := Knows(native, abi); got != want[[2]ABI{native, abi}] {
				t.Errorf("Knows(%v, %v) = %v", native, abi, got)
			}
		}
	}
}

func TestLookupOutside(t *testing.T) {
	for _, tt := range []struct {
		abi  ABI
		nr   uint64
		want *Spec
	}{
		{AMD64, 471, nil},
		{AMD64, 472, &Newer},
		{I386, 472, &Newer},
		{ARM64, 1 << 20, &Newer},
		{AMD64, 0x7fffffff, &Newer},
		{AMD64, 0x80000000, nil},
		{AMD64, 1<<64 - 1, nil},
		{X32, 2, nil},
		{Unknown, 2, nil},
		{Unknown, 1 << 20, nil},
		{200, 2, nil},
	} {
		if got := Lookup(tt.abi, tt.nr); got != tt.want {
			t.Errorf("Lookup(%v, %d) = %v, want %v", tt.abi, tt.nr, got, tt.want)
		}
	}
}
