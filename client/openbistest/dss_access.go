package openbistest

import (
	"sync"
	"time"
)

// accessCache remembers for five minutes who may see which data set, good or bad (openBIS source, DatasetAuthorizationCache.java).
// The v1 service, fast download and file transfer share it.
type accessCache struct {
	s        *Server
	mu       sync.Mutex
	verdicts map[accessKey]verdict
}

type accessKey struct{ token, code string }

type verdict struct {
	granted bool
	at      time.Time
}

const accessCacheTime = 5 * time.Minute

func (c *accessCache) init(s *Server) {
	c.s = s
	c.verdicts = make(map[accessKey]verdict)
}

func (c *accessCache) get(token, code string) (granted, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := accessKey{token, code}
	v, ok := c.verdicts[key]
	if !ok {
		return false, false
	}
	if c.s.now().Sub(v.at) > accessCacheTime {
		delete(c.verdicts, key)
		return false, false
	}
	return v.granted, true
}

func (c *accessCache) put(token, code string, granted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts[accessKey{token, code}] = verdict{granted, c.s.now()}
}

// checkAccess asks the application server whether the session may see the data set. It knows nothing of the cache. A data set that
// does not exist passes: what is missing is found out later.
func (ds *dataStoreServer) checkAccess(token, code string) error {
	session, err := ds.s.session(token)
	if err != nil {
		return err
	}
	if set := ds.s.store.dataSet(code); set != nil && !ds.s.visible(session.Person, set) {
		return authorizationFailure("Data set %s is not accessible.", code)
	}
	return nil
}

// guard is the access guard of the v1 service (openBIS source, DssServiceRpcAuthorizationAdvisor.java).
func (ds *dataStoreServer) guard(token, code string) error {
	if granted, known := ds.access.get(token, code); known {
		if !granted {
			return authorizationFailure("Data set does not exist.")
		}
		return nil
	}
	err := ds.checkAccess(token, code)
	switch {
	case err == nil:
		ds.access.put(token, code, true)
	case ds.s.opts.GuardMasksSessions || asException(err).class == authorizationClass:
		ds.access.put(token, code, false)
		if e := asException(err); e.class != authorizationClass {
			err = authorizationFailure("%s", e.message)
		}
	}
	return err
}

// mayAccess is the check of fast download and file transfer: what the session may not see, or what does not exist, is no
// error.
func (ds *dataStoreServer) mayAccess(token, code string) bool {
	return ds.s.store.dataSet(code) != nil && ds.guard(token, code) == nil
}
