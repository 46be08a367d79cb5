package client

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// offering is an answer to the search for services: "STORE/key".
func offering(services ...string) func([]json.RawMessage) string {
	var objects []string
	for _, s := range services {
		store, key, _ := strings.Cut(s, "/")
		objects = append(objects, `{"@type":"as.dto.service.AggregationService","permId":{"@type":"as.dto.service.id.DssServicePermId","permId":"`+key+
			`","dataStoreId":{"@type":"as.dto.datastore.id.DataStorePermId","permId":"`+store+`"}},"name":"`+key+`","label":"x"}`)
	}
	answer, _ := json.Marshal(map[string]any{"objects": json.RawMessage("[" + strings.Join(objects, ",") + "]"), "totalCount": len(objects)})
	return func([]json.RawMessage) string { return string(answer) }
}

func TestTheRouteIsChosenFromWhatIsOffered(t *testing.T) {
	for name, c := range map[string]struct {
		offered []string
		opts    RegistrationOptions
		want    Plan
		err     error
	}{
		"nothing but the stock":   {want: Plan{Route: UploadedDataSet, DataStore: "DSS1"}},
		"the uploader":            {offered: []string{"DSS1/eln-lims-api", "DSS1/dataset-uploader-api"}, want: Plan{Route: DatasetUploader, Service: "dataset-uploader-api", DataStore: "DSS1"}},
		"the uploader elsewhere":  {offered: []string{"DSS2/dataset-uploader-api"}, want: Plan{Route: DatasetUploader, Service: "dataset-uploader-api", DataStore: "DSS2"}},
		"the other store":         {offered: []string{"DSS1/dataset-uploader-api"}, opts: RegistrationOptions{DataStore: "dss2"}, want: Plan{Route: UploadedDataSet, DataStore: "DSS2"}},
		"jupyter is the last":     {offered: []string{"DSS1/jupyter-uploader-api"}, want: Plan{Route: UploadedDataSet, DataStore: "DSS1"}},
		"jupyter is forced":       {offered: []string{"DSS2/jupyter-uploader-api"}, opts: RegistrationOptions{Dropbox: "jupyter-uploader-api"}, want: Plan{Route: JupyterUploader, Service: "jupyter-uploader-api", DataStore: "DSS2"}},
		"the stock is forced":     {offered: []string{"DSS1/dataset-uploader-api"}, opts: RegistrationOptions{Dropbox: "createUploadedDataSet"}, want: Plan{Route: UploadedDataSet, DataStore: "DSS1"}},
		"a service of one's own":  {offered: []string{"DSS1/our-uploader"}, opts: RegistrationOptions{Dropbox: "our-uploader"}, want: Plan{Route: DatasetUploader, Service: "our-uploader", DataStore: "DSS1"}},
		"one that is not there":   {offered: []string{"DSS1/our-uploader"}, opts: RegistrationOptions{Dropbox: "your-uploader"}, err: ErrNotFound},
		"one that speaks another": {offered: []string{"DSS1/eln-lims-api"}, opts: RegistrationOptions{Dropbox: "eln-lims-api"}, err: errors.ErrUnsupported},
		"no such store":           {opts: RegistrationOptions{DataStore: "DSS3"}, err: ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			f := newScriptedServer(t)
			f.answers["searchAggregationServices"] = offering(c.offered...)
			f.answers["searchDataStores"] = func([]json.RawMessage) string {
				return `{"objects":[{"code":"AFS","downloadUrl":""},{"code":"DSS2","downloadUrl":""},{"code":"DSS1","downloadUrl":""}],"totalCount":3}`
			}
			plan, err := f.client.PlanRegistration(t.Context(), c.opts)
			if !errors.Is(err, c.err) {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				return
			}
			if plan.Route != c.want.Route || plan.Service != c.want.Service || plan.DataStore != c.want.DataStore {
				t.Errorf("got %+v", plan)
			}
			if (plan.PermID != "") != (plan.Route == DatasetUploader) || (plan.After != "") == (plan.PermID != "") {
				t.Errorf("permId %q, mark %q", plan.PermID, plan.After)
			}
			again, err := f.client.PlanRegistration(t.Context(), c.opts)
			if err != nil || again.UploadID == plan.UploadID || f.count("searchAggregationServices") > 1 {
				t.Errorf("got %+v, %v after %d searches", again, err, f.count("searchAggregationServices"))
			}
			b, err := json.Marshal(plan)
			var back Plan
			if err != nil || json.Unmarshal(b, &back) != nil || !back.Since.Equal(plan.Since) || back.UploadID != plan.UploadID {
				t.Errorf("%s becomes %+v", b, back)
			}
			if age := time.Since(plan.Since); age < 0 || age > time.Minute {
				t.Errorf("the plan is %v old", age)
			}
		})
	}
}

func TestAStoreWithoutTheStockRouteIsNotChosenAgain(t *testing.T) {
	f := newScriptedServer(t)
	f.answers["searchAggregationServices"] = offering("DSS1/jupyter-uploader-api")
	plan, err := f.client.PlanRegistration(t.Context(), RegistrationOptions{})
	if err != nil || plan.Route != UploadedDataSet {
		t.Fatalf("got %+v, %v", plan, err)
	}
	if _, err := uploadAndRegister(t, f, plan); !errors.Is(err, ErrRefused) || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	if plan, err = f.client.PlanRegistration(t.Context(), RegistrationOptions{}); err != nil || plan.Route != JupyterUploader {
		t.Errorf("got %+v, %v", plan, err)
	}
}
