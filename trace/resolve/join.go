package resolve

// joinIn is join, or the beginning of whole that ends with the name which begins at the given
// place, if that is the same text.
func (r *Resolver) joinIn(whole, dir, name string, at int) string {
	if at <= 0 || at+len(name) > len(whole) || whole[at:at+len(name)] != name {
		return r.join(dir, name) // behind a link
	}
	if dir == "/" && at == 1 || dir != "/" && whole[at-1] == '/' && whole[:at-1] == dir {
		return whole[:at+len(name)]
	}
	return r.join(dir, name)
}

// join returns dir/name, and for equal ones the same string.
func (r *Resolver) join(dir, name string) string {
	r.joining = append(r.joining[:0], dir...)
	if dir != "/" {
		r.joining = append(r.joining, '/')
	}
	r.joining = append(r.joining, name...)
	return r.names.String(r.joining)
}
