package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
)

// AggregationService is a service that a data store server runs on request, in Jython or Java, with parameters from the
// caller and a table as result. Some of them register Datasets.
type AggregationService struct {
	Key       string
	DataStore string // code
	Label     string
}

// AggregationServices returns the services of all data stores.
func (c *Client) AggregationServices(ctx context.Context) ([]AggregationService, error) {
	const method = "searchAggregationServices"
	d, err := c.call(ctx, c.v3(), method,
		typed("as.dto.service.search.AggregationServiceSearchCriteria", jsonObject{"operator": "AND", "criteria": []jsonObject{}}),
		typed("as.dto.service.fetchoptions.AggregationServiceFetchOptions", nil))
	if err != nil {
		return nil, err
	}
	hits, _ := d.result().hits()
	list := make([]AggregationService, 0, len(hits))
	for _, n := range hits {
		id := n.object("permId")
		s := AggregationService{
			Key: id.text("permId"), DataStore: id.object("dataStoreId").text("permId"), Label: n.text("label"),
		}
		if s.Key == "" {
			s.Key = n.text("name")
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b AggregationService) int {
		return strings.Compare(a.DataStore+"\x00"+a.Key, b.DataStore+"\x00"+b.Key)
	})
	return list, d.check(method)
}

// offers keeps what the data stores offer, as last seen.
type offers struct {
	mu       sync.Mutex
	known    bool
	services []AggregationService
}

// offered returns the services, asking once. A server that can't be asked offers none.
func (c *Client) offered(ctx context.Context) ([]AggregationService, error) {
	o := &c.registrations.offers
	o.mu.Lock()
	known, list := o.known, o.services
	o.mu.Unlock()
	if known {
		return list, nil
	}
	list, err := c.AggregationServices(ctx)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known, o.services = true, list
	return list, nil
}

// forget has the next plan ask again.
func (o *offers) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known, o.services = false, nil
}
