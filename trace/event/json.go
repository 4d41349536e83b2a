package event

import (
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"
)

// raw is a string of bytes in JSON. Paths are bytes, JSON is UTF-8, and
// encoding/json would turn every stray byte into U+FFFD: a string that is not
// UTF-8 becomes an object with the single key "hex".
type raw string

type hexJSON struct {
	Hex string `json:"hex"`
}

func (r raw) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(r)) {
		return json.Marshal(string(r))
	}
	return json.Marshal(hexJSON{hex.EncodeToString([]byte(r))})
}

func (r *raw) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var h hexJSON
		if err := json.Unmarshal(b, &h); err != nil {
			return err
		}
		s, err := hex.DecodeString(h.Hex)
		*r = raw(s)
		return err
	}
	return json.Unmarshal(b, (*string)(r))
}

type nameJSON struct {
	Spelled raw        `json:"spelled,omitzero"`
	Base    raw        `json:"base,omitzero"`
	Path    raw        `json:"path,omitzero"`
	Links   []linkJSON `json:"links,omitzero"`
	Ups     []raw      `json:"ups,omitzero"`
}

type linkJSON struct {
	Path   raw `json:"path"`
	Target raw `json:"target"`
}

// MarshalJSON implements [json.Marshaler].
func (n Name) MarshalJSON() ([]byte, error) {
	j := nameJSON{Spelled: raw(n.Spelled), Base: raw(n.Base), Path: raw(n.Path)}
	for _, l := range n.Links {
		j.Links = append(j.Links, linkJSON{raw(l.Path), raw(l.Target)})
	}
	for _, p := range n.Ups {
		j.Ups = append(j.Ups, raw(p))
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Name) UnmarshalJSON(b []byte) error {
	var j nameJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*n = Name{Spelled: string(j.Spelled), Base: string(j.Base), Path: string(j.Path)}
	for _, l := range j.Links {
		n.Links = append(n.Links, Link{string(l.Path), string(l.Target)})
	}
	for _, p := range j.Ups {
		n.Ups = append(n.Ups, string(p))
	}
	return nil
}

// IsZero reports whether n names nothing.
func (n Name) IsZero() bool {
	return n.Spelled == "" && n.Base == "" && n.Path == "" && n.Links == nil && n.Ups == nil
}

// plain is Event without its methods; the strings of bytes in eventJSON stand in
// front of its own.
type plain Event

type eventJSON struct {
	*plain
	Target  raw `json:"target,omitzero"`
	Address raw `json:"address,omitzero"`
	Detail  raw `json:"detail,omitzero"`
}

// MarshalJSON implements [json.Marshaler].
func (e *Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(eventJSON{(*plain)(e), raw(e.Target), raw(e.Address), raw(e.Detail)})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *Event) UnmarshalJSON(b []byte) error {
	*e = Event{}
	j := eventJSON{plain: (*plain)(e)}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	e.Target, e.Address, e.Detail = string(j.Target), string(j.Address), string(j.Detail)
	return nil
}
