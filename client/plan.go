package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// PlanRegistration makes the plan of one registration: by which route, to which data store, and how to find it again.
// Which routes the data stores offer is asked once. It changes nothing on the server, but draws a permId.
//
// A service key that no data store offers is [ErrNotFound], a service whose parameters are not known
// [errors.ErrUnsupported].
func (c *Client) PlanRegistration(ctx context.Context, opts RegistrationOptions) (Plan, error) {
	plan, err := c.chooseRoute(ctx, opts)
	if err != nil {
		return Plan{}, err
	}
	id, err := c.drawPermID(ctx)
	if err != nil {
		return Plan{}, err
	}
	if plan.Route == DatasetUploader {
		plan.PermID = strings.ToUpper(id)
	} else {
		plan.After = id
	}
	if plan.UploadID, err = newUploadID(); err != nil {
		return Plan{}, err
	}
	plan.Since = c.clock.before()
	return plan, nil
}

// newUploadID returns a name that nobody has used before: the session workspace of a personal access token is shared by
// all who use it.
func newUploadID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return "openbisfs-" + hex.EncodeToString(b[:]), nil
}

// drawPermID has the server make a permId, "" when it cannot. To draw one more does no harm, so it may be repeated.
func (c *Client) drawPermID(ctx context.Context) (string, error) {
	const method = "createPermIdStrings"
	d, err := retry(ctx, worthRepeating, func() (*document, error) { return c.call(ctx, c.v3(), method, 1) })
	if errors.Is(err, errors.ErrUnsupported) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if d.root.kind != list || len(d.root.items) != 1 || d.root.items[0].kind != text {
		d.fail("there is no permId")
		return "", d.check(method)
	}
	return strings.Clone(d.root.items[0].text), nil
}

// chooseRoute finds the best route that a data store offers, or what the options demand.
func (c *Client) chooseRoute(ctx context.Context, opts RegistrationOptions) (Plan, error) {
	stores, err := c.dataStores(ctx)
	if err != nil {
		return Plan{}, err
	}
	var codes []string
	for _, s := range stores {
		// "AFS" is the other file server, which has none of these interfaces.
		if opts.DataStore == "" && s.Code != "AFS" || strings.EqualFold(s.Code, opts.DataStore) {
			codes = append(codes, s.Code)
		}
	}
	if len(codes) == 0 {
		return Plan{}, &Error{Op: "registration", Subject: opts.DataStore, Err: ErrNotFound, Message: "there is no such data store"}
	}
	if opts.Dropbox == string(UploadedDataSet) {
		return Plan{Route: UploadedDataSet, DataStore: codes[0]}, nil
	}
	services, err := c.offered(ctx)
	if err != nil {
		return Plan{}, err
	}
	if opts.Dropbox != "" {
		return forcedRoute(opts.Dropbox, codes, services)
	}
	for _, route := range []Route{DatasetUploader, UploadedDataSet, JupyterUploader} {
		for _, code := range codes {
			if route == UploadedDataSet {
				if !c.registrations.lacksUpload(code) {
					return Plan{Route: route, DataStore: code}, nil
				}
				continue
			}
			if slices.ContainsFunc(services, func(s AggregationService) bool { return s.DataStore == code && s.Key == string(route) }) {
				return Plan{Route: route, Service: string(route), DataStore: code}, nil
			}
		}
	}
	return Plan{}, &Error{Op: "registration", Err: errors.ErrUnsupported, Message: "no data store takes new Datasets"}
}

// forcedRoute is the route by way of a service that the user has named. It takes the parameters of the one whose name it
// has, or else those of dataset-uploader-api, its successor.
func forcedRoute(key string, codes []string, services []AggregationService) (Plan, error) {
	if key == "eln-lims-api" {
		return Plan{}, &Error{Op: "registration", Subject: key, Err: errors.ErrUnsupported, Message: "this service is the ELN's own"}
	}
	route := DatasetUploader
	if strings.Contains(strings.ToLower(key), "jupyter") {
		route = JupyterUploader
	}
	var offered []string
	for _, s := range services {
		if !slices.Contains(codes, s.DataStore) {
			continue
		}
		if s.Key == key {
			return Plan{Route: route, Service: key, DataStore: s.DataStore}, nil
		}
		offered = append(offered, s.Key)
	}
	return Plan{}, &Error{
		Op: "registration", Subject: key, Err: ErrNotFound,
		Message: fmt.Sprintf("no data store offers this service; offered are %s", strings.Join(append(offered, string(UploadedDataSet)), ", ")),
	}
}
