package client

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// stores keeps the data stores that the application server knows.
type stores struct {
	mu   sync.Mutex
	list []DataStore
}

// SearchDataStores returns the data stores, by way of the v3 interface, with download URLs in the form that this package
// uses: made complete, and replaced by the options.
func (c *Client) SearchDataStores(ctx context.Context) ([]DataStore, error) {
	const method = "searchDataStores"
	d, err := c.call(ctx, c.v3(), method,
		typed("as.dto.datastore.search.DataStoreSearchCriteria", jsonObject{"operator": "AND", "criteria": []jsonObject{}}),
		fetchDataStore())
	if err != nil {
		return nil, err
	}
	hits, _ := d.result().hits()
	return c.decodeDataStores(d, hits, method)
}

// ListDataStores is SearchDataStores by way of the v1 interface.
func (c *Client) ListDataStores(ctx context.Context) ([]DataStore, error) {
	const method = "listDataStores"
	d, err := c.call(ctx, c.v1(), method)
	if err != nil {
		return nil, err
	}
	return c.decodeDataStores(d, d.objects(&d.root), method)
}

func (c *Client) decodeDataStores(d *document, nodes []node, method string) ([]DataStore, error) {
	list := make([]DataStore, 0, len(nodes))
	for _, n := range nodes {
		code := n.text("code")
		url, err := storeURL(c.storeOverride(code, n.text("downloadUrl")), c.base)
		if err != nil {
			return nil, &Error{Op: method, Subject: code, Err: ErrProtocol, cause: err}
		}
		list = append(list, DataStore{Code: code, DownloadURL: url})
	}
	slices.SortFunc(list, func(a, b DataStore) int { return strings.Compare(a.Code, b.Code) })
	return list, d.check(method)
}

// storeOverride is the download URL from the options, or else the registered one.
func (c *Client) storeOverride(code, registered string) string {
	if url, ok := c.opts.DataStoreURLs[code]; ok {
		return url
	}
	if url, ok := c.opts.DataStoreURLs[""]; ok {
		return url
	}
	return registered
}

// dataStores returns the data stores as last seen.
func (c *Client) dataStores(ctx context.Context) ([]DataStore, error) {
	c.stores.mu.Lock()
	list := c.stores.list
	c.stores.mu.Unlock()
	if list != nil {
		return list, nil
	}
	return c.refreshDataStores(ctx)
}

func (c *Client) refreshDataStores(ctx context.Context) ([]DataStore, error) {
	list, err := c.SearchDataStores(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if strings.HasPrefix(c.base, "https:") && strings.HasPrefix(s.DownloadURL, "http:") {
			c.log.Warn("the data store is asked without encryption, unlike the application server", "dataStore", s.Code, "url", s.DownloadURL)
		}
	}
	c.stores.mu.Lock()
	defer c.stores.mu.Unlock()
	c.stores.list = list
	return list, nil
}

// storeURLOf returns the URL of the data store that has a Dataset's files. Without a code, as for some containers, it is
// the first: a data store finds the files of others by itself.
func (c *Client) storeURLOf(ctx context.Context, code string) (string, error) {
	find := func(list []DataStore) string {
		for _, s := range list {
			if code == "" || s.Code == code {
				return s.DownloadURL
			}
		}
		return ""
	}
	list, err := c.dataStores(ctx)
	if err != nil {
		return "", err
	}
	if url := find(list); url != "" {
		return url, nil
	}
	if list, err = c.refreshDataStores(ctx); err != nil {
		return "", err
	}
	if url := find(list); url != "" {
		return url, nil
	}
	return "", &Error{Op: "searchDataStores", Subject: code, Err: ErrNotFound, Message: "the data store is not registered"}
}
