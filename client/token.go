package client

import (
	"context"
	"time"
)

// SessionInformation describes the session that calls run in.
type SessionInformation struct {
	// SessionToken identifies the session, also when the call was made with a personal access token. It is a secret.
	SessionToken string
	UserName     string
	Person       *Person
	// PersonalAccessToken tells whether the session is one of personal access tokens, with PersonalAccessTokenSession
	// for a name.
	PersonalAccessToken        bool
	PersonalAccessTokenSession string
}

// SessionInformation returns what the server knows of the session.
func (c *Client) SessionInformation(ctx context.Context) (*SessionInformation, error) {
	const method = "getSessionInformation"
	d, err := c.call(ctx, c.v3(), method)
	if err != nil {
		return nil, err
	}
	n := d.result()
	if !n.ok() {
		d.fail("there is no information about the session")
	}
	info := &SessionInformation{
		SessionToken:               n.text("sessionToken"),
		UserName:                   n.text("userName"),
		Person:                     n.personAt("person"),
		PersonalAccessToken:        n.bool("personalAccessTokenSession"),
		PersonalAccessTokenSession: n.text("personalAccessTokenSessionName"),
	}
	return info, d.check(method)
}

// IsSessionActive asks the application server whether the session lives, without prolonging it and without renewing
// it. A client that has not logged in has no session.
func (c *Client) IsSessionActive(ctx context.Context) (bool, error) {
	return c.sessionActive(ctx, c.v3(), func(cred credential) string { return cred.token })
}

// IsSessionActiveV1 is IsSessionActive by way of the older interface, where the question prolongs the session.
func (c *Client) IsSessionActiveV1(ctx context.Context) (bool, error) {
	return c.sessionActive(ctx, c.v1(), func(cred credential) string { return cred.real })
}

func (c *Client) sessionActive(ctx context.Context, s service, tokenOf func(credential) string) (bool, error) {
	c.session.mu.Lock()
	token := tokenOf(c.session.current)
	c.session.mu.Unlock()
	if token == "" {
		return false, nil
	}
	return c.tokenActive(ctx, s, token)
}

func (c *Client) tokenActive(ctx context.Context, s service, token string) (bool, error) {
	d, err := c.invoke(ctx, s.url, "isSessionActive", token)
	if err != nil {
		return false, hide(err, token)
	}
	if d.root.kind != boolean {
		return false, &Error{Op: "isSessionActive", Err: ErrProtocol, Message: "the answer is neither true nor false"}
	}
	return d.root.text == "true", nil
}

// CreatePersonalAccessToken makes a personal access token of the user for a named session. All tokens of one user and
// one session name share a session. The server shortens a validity that is longer than it allows. It can't be
// done in a session that is itself one of personal access tokens. The token is a secret.
func (c *Client) CreatePersonalAccessToken(ctx context.Context, sessionName string, from, to time.Time) (string, error) {
	const method = "createPersonalAccessTokens"
	d, err := c.call(ctx, c.v3(), method, []jsonObject{
		typed("as.dto.pat.create.PersonalAccessTokenCreation", jsonObject{
			"sessionName": sessionName, "validFromDate": from.UnixMilli(), "validToDate": to.UnixMilli(),
		}),
	})
	if err != nil {
		return "", err
	}
	var token string
	if ids := d.objects(&d.root); len(ids) == 1 {
		token = ids[0].text("permId")
	}
	if token == "" {
		d.fail("there is no token")
	}
	return token, d.check(method)
}

// Logout ends the session at the server. The next call logs in again if the client has a password. With a personal
// access token there is nothing to end.
func (c *Client) Logout(ctx context.Context) error {
	c.session.mu.Lock()
	pat := c.session.pat
	c.session.mu.Unlock()
	if pat {
		return nil
	}
	return c.logout(ctx, c.session.drop(true))
}

// UnarchiveDataSets asks for Datasets in the archive to be brought back. It returns when the wish is noted; the
// archiving status tells when they are there, which may take hours. Datasets in any other state are left alone.
func (c *Client) UnarchiveDataSets(ctx context.Context, permIDs ...string) error {
	ids := make([]jsonObject, 0, len(permIDs))
	for _, id := range permIDs {
		ids = append(ids, dataSetPermIDObject(id))
	}
	_, err := c.call(ctx, c.v3(), "unarchiveDataSets", ids, typed("as.dto.dataset.unarchive.DataSetUnarchiveOptions", nil))
	return err
}
