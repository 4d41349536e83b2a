package event

import (
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"
)

// Bytes is a string of bytes in JSON. Paths are bytes, JSON is UTF-8, and
// encoding/json would turn every stray byte into U+FFFD: a string that is not
// UTF-8 becomes an object with the single key "hex".
type Bytes string

type hexJSON struct {
	Hex string `json:"hex"`
}

// MarshalJSON implements [json.Marshaler].
func (b Bytes) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(b)) {
		return json.Marshal(string(b))
	}
	return json.Marshal(hexJSON{hex.EncodeToString([]byte(b))})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (b *Bytes) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var h hexJSON
		if err := json.Unmarshal(data, &h); err != nil {
			return err
		}
		s, err := hex.DecodeString(h.Hex)
		*b = Bytes(s)
		return err
	}
	return json.Unmarshal(data, (*string)(b))
}

type nameJSON struct {
	Spelled Bytes      `json:"spelled,omitzero"`
	Base    Bytes      `json:"base,omitzero"`
	Path    Bytes      `json:"path,omitzero"`
	Links   []linkJSON `json:"links,omitzero"`
	Ups     []Bytes    `json:"ups,omitzero"`
}

type linkJSON struct {
	Path   Bytes `json:"path"`
	Target Bytes `json:"target"`
}

// MarshalJSON implements [json.Marshaler].
func (n Name) MarshalJSON() ([]byte, error) {
	j := nameJSON{Spelled: Bytes(n.Spelled), Base: Bytes(n.Base), Path: Bytes(n.Path)}
	for _, l := range n.Links {
		j.Links = append(j.Links, linkJSON{Bytes(l.Path), Bytes(l.Target)})
	}
	for _, p := range n.Ups {
		j.Ups = append(j.Ups, Bytes(p))
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
	Target  Bytes `json:"target,omitzero"`
	Address Bytes `json:"address,omitzero"`
	Detail  Bytes `json:"detail,omitzero"`
}

// MarshalJSON implements [json.Marshaler].
func (e *Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(eventJSON{(*plain)(e), Bytes(e.Target), Bytes(e.Address), Bytes(e.Detail)})
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
