package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// RegisterDataSet has the server make a Dataset of what [Client.UploadDataSet] has brought, and returns its permId. It
// makes one attempt, which takes as long as the server needs, up to [Options.RegistrationTimeout].
//
// When the server may have registered although no answer says so, the error is [ErrOutcomeUnknown], and only
// [Client.FindRegistration] can tell. When it refuses, the error is [ErrRefused], together with [ErrForbidden] or
// [ErrNotFound] where that is why. After any other error nothing is registered, and the next attempt begins with
// UploadDataSet, which knows what is still there.
func (c *Client) RegisterDataSet(ctx context.Context, plan Plan, ds *NewDataSet) (permID string, err error) {
	if err := checkNames(plan, ds); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.RegistrationTimeout)
	defer cancel()
	u := c.registrations.upload(plan.UploadID)
	if err := u.take(ctx); err != nil {
		return "", &Error{Op: "registration", Subject: ds.Name, Err: err}
	}
	defer u.release()

	a := &attempt{c: c, plan: plan, ds: ds}
	if a.store, err = c.storeURLOf(ctx, plan.DataStore); err != nil {
		return "", err
	}
	route, err := a.prepare(ctx)
	if err != nil {
		return "", about(err, ds.Name)
	}
	cred, err := c.credential(ctx, true)
	if err != nil {
		return "", err
	}
	if token := u.session(); token != "" && token != cred.real {
		u.spend(true)
		return "", &Error{Op: "registration", Subject: ds.Name, Err: ErrUnavailable, Message: "the session has ended, and the upload with it"}
	}
	a.token = cred.real
	if plan.PermID == "" {
		// Nobody may search while this one is neither registered nor claimed.
		done, err := c.registrations.queue(ctx, ds.place())
		if err != nil {
			return "", &Error{Op: "registration", Subject: ds.Name, Err: err}
		}
		defer done()
	}
	start := time.Now()
	permID, err = route(ctx)
	err = hide(about(err, ds.Name), a.token, cred.token)
	c.log.Debug("registration", "route", plan.Route, "dataSet", permID, "took", time.Since(start), "error", err)
	if a.sent.Load() {
		u.spend(a.answered && plan.Route != JupyterUploader)
	}
	if err != nil {
		return a.alreadyThere(ctx, err)
	}
	c.registrations.claim(permID, plan.UploadID)
	return permID, nil
}

// place is what Datasets that look alike have in common.
func (ds *NewDataSet) place() string {
	owner := firstOf(ds.Object, ds.ObjectIdentifier, ds.Collection, ds.CollectionIdentifier)
	return strings.Join([]string{"place", owner, ds.Type, ds.Name}, "\x00")
}

// attempt is one request for a registration.
type attempt struct {
	c     *Client
	plan  Plan
	ds    *NewDataSet
	store string // URL
	token string // of the session that has the upload; a secret

	object, collection string      // identifiers of the owner, for services
	sent               atomic.Bool // the server may have got the request
	answered           bool        // the server has said what became of it
}

// prepare finds out what the request needs and returns what sends it. The session may be renewed meanwhile, which loses
// the upload.
func (a *attempt) prepare(ctx context.Context) (func(context.Context) (string, error), error) {
	switch a.plan.Route {
	case UploadedDataSet:
		return a.createUploadedDataSet, nil
	case DatasetUploader:
		return a.datasetUploader, a.findOwner(ctx)
	case JupyterUploader:
		return a.jupyterUploader, a.findOwner(ctx)
	}
	return nil, &Error{Op: "registration", Err: errors.ErrUnsupported, Message: "unknown route " + strconv.Quote(string(a.plan.Route))}
}

// findOwner finds the identifier that the owner has now: it changes when an entity is moved.
func (a *attempt) findOwner(ctx context.Context) error {
	missing := &Error{Op: "registration", Err: refusedBecause(ErrNotFound), Message: "the owner does not exist, or is hidden from you"}
	switch {
	case a.ds.Object != "":
		found, err := getAll(ctx, a.c, "getSamples", []string{a.ds.Object}, idOf(sampleEntity), fetchObjectRef(), decodeObjectRef)
		if err != nil {
			return err
		}
		owner, ok := found[a.ds.Object]
		if !ok {
			return missing
		}
		a.object = owner.Identifier
	case a.ds.ObjectIdentifier != "":
		a.object = a.ds.ObjectIdentifier
	case a.ds.Collection != "":
		found, err := getAll(ctx, a.c, "getExperiments", []string{a.ds.Collection}, idOf(experimentEntity), fetchPlainExperiment(), decodeCollection)
		if err != nil {
			return err
		}
		owner, ok := found[a.ds.Collection]
		if !ok {
			return missing
		}
		a.collection = owner.Identifier
	default:
		a.collection = a.ds.CollectionIdentifier
	}
	return nil
}

// send sends the request, once.
func (a *attempt) send(ctx context.Context, url, method string, params ...any) (*document, error) {
	body, err := json.Marshal(request{"2.0", strconv.FormatInt(a.c.requests.Add(1), 10), method, append([]any{a.token}, params...)})
	if err != nil {
		return nil, &Error{Op: method, Err: ErrProtocol, cause: err}
	}
	var written atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true); a.sent.Store(true) }})
	a.answered = false
	d, err := a.c.postBy(traced, a.c.verdicts, url, method, body)
	if err == nil {
		a.answered = true
		return d, nil
	}
	if !written.Load() {
		return nil, err // nobody has seen it
	}
	return nil, a.judge(err)
}

// service calls the ingestion service.
func (a *attempt) service(ctx context.Context, params jsonObject) (*report, error) {
	const method = "createReportFromAggregationService"
	d, err := a.send(ctx, a.c.asURL(asQuery), method, a.plan.DataStore, a.plan.Service, params)
	if err != nil {
		return nil, err
	}
	r := decodeReport(d)
	if err := d.check(method); err != nil {
		return nil, unknownOutcome(err)
	}
	return r, nil
}

// result finds the permId in what a service says, "" when it registered but does not say what.
func (a *attempt) result(r *report) (string, error) {
	if r.is("STATUS", "OK") {
		return r.cell("RESULT"), nil
	}
	e := &Error{Op: "registration"}
	if message, ok := r.failure(); ok {
		e.Message = redact(shorten(message))
		e.Err = a.verdict(message)
		return "", e
	}
	e.Err, e.Message = ErrOutcomeUnknown, "the service answers with a table that nobody knows"
	return "", e
}

// alreadyThere looks whether a refusal is about our own Dataset: an earlier attempt that was thought to have failed has
// registered it.
func (a *attempt) alreadyThere(ctx context.Context, err error) (string, error) {
	id := a.plan.PermID
	var e *Error
	if id == "" || !errors.Is(err, ErrRefused) || !errors.As(err, &e) || !strings.Contains(strings.ToUpper(e.Message), id) {
		return "", err
	}
	found, getErr := a.c.GetDataSets(ctx, id)
	if getErr != nil {
		return "", unknownOutcome(getErr)
	}
	if found[id] == nil {
		return "", err
	}
	return id, nil
}

// properties are never null: that crashes the services.
func (a *attempt) properties() map[string]string {
	if a.ds.Properties == nil {
		return map[string]string{}
	}
	return a.ds.Properties
}

// parents are never null either.
func (a *attempt) parents() []string {
	if a.ds.Parents == nil {
		return []string{}
	}
	return a.ds.Parents
}
