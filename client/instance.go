package client

import (
	"context"
	"maps"
	"sync"
)

// instance keeps what [Client.Instance] has found out. It stays true until the next login.
type instance struct {
	mu         sync.Mutex
	generation int
	known      *Instance
}

// ServerInformation returns what the server says about itself, without what it leaves open: "api-version",
// "openbis-version", "project-samples-enabled" and others.
func (c *Client) ServerInformation(ctx context.Context) (map[string]string, error) {
	const method = "getServerInformation"
	d, err := c.call(ctx, c.v3(), method)
	if err != nil {
		return nil, err
	}
	n := d.result()
	if !n.ok() {
		d.fail("there is no information about the server")
		return nil, d.check(method)
	}
	info := make(map[string]string, len(n.v.keys))
	for _, key := range n.v.keys {
		info[d.share(key)] = n.text(key)
	}
	return info, d.check(method)
}

// Instance describes the server and the session. It asks once per session.
func (c *Client) Instance(ctx context.Context) (*Instance, error) {
	if known := c.instance.get(&c.session); known != nil {
		return known, nil
	}
	session, err := c.SessionInformation(ctx)
	if err != nil {
		return nil, err
	}
	server, err := c.ServerInformation(ctx)
	if err != nil {
		return nil, err
	}
	stores, err := c.dataStores(ctx)
	if err != nil {
		return nil, err
	}
	known := &Instance{
		URL: c.base, APIVersion: server["api-version"], Server: server, User: session.Person, DataStores: stores,
	}
	c.instance.put(&c.session, known)
	return copyInstance(known), nil
}

func (i *instance) get(s *session) *Instance {
	s.mu.Lock()
	generation := s.current.generation
	s.mu.Unlock()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.known == nil || i.generation != generation {
		return nil
	}
	return copyInstance(i.known)
}

func (i *instance) put(s *session, known *Instance) {
	s.mu.Lock()
	generation := s.current.generation
	s.mu.Unlock()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.known, i.generation = known, generation
}

func copyInstance(i *Instance) *Instance {
	other := *i
	other.Server = maps.Clone(i.Server)
	other.DataStores = append([]DataStore(nil), i.DataStores...)
	return &other
}
