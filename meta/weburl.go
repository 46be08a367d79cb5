package meta

import (
	"net/url"
	"strings"

	"github.com/openbisfs/openbisfs/client"
)

// webUI is the address of the ELN-LIMS web application, "" if it is not known.
type webUI string

func newWebUI(base string) webUI {
	base = strings.TrimSuffix(strings.TrimRight(base, "/"), "/openbis")
	if base == "" {
		return ""
	}
	return webUI(base + "/openbis/webapp/eln-lims/")
}

// page returns the address of an entity's page, "" if there is none. The names
// of the views are those that the web application dispatches on (openBIS
// source, MainController.js) and that pyBIS' get_eln_url uses.
func (w webUI) page(entity any) string {
	switch e := entity.(type) {
	case *client.Space:
		return w.view("showSpacePage", e.Code)
	case *client.Project:
		return w.view("showProjectPageFromPermId", e.PermID)
	case *client.Collection:
		return w.view("showExperimentPageFromIdentifier", `["`+e.Identifier+`",false]`)
	case *client.Object:
		return w.view("showViewSamplePageFromPermId", e.PermID)
	case *client.DataSet:
		return w.view("showViewDataSetPageFromPermId", e.PermID)
	default:
		return string(w)
	}
}

func (w webUI) view(name, data string) string {
	if w == "" {
		return ""
	}
	return string(w) + "?menuUniqueId=null&viewName=" + name + "&viewData=" + url.QueryEscape(data)
}
