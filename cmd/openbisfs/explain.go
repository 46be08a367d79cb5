package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/client"
)

// explainConnect says in one sentence why a server can't be used, and what to do.
func explainConnect(err error, job *mountJob) error {
	server := job.Target.URL
	host := server
	if u, parseErr := url.Parse(server); parseErr == nil {
		host = u.Hostname()
	}
	var coded *failure
	var unknownHost *net.DNSError
	var unknownCA x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	var badCertificate x509.CertificateInvalidError
	var noTLS tls.RecordHeaderError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &coded), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, client.ErrUnauthenticated), errors.Is(err, client.ErrForbidden):
		if job.Credentials.Token != "" {
			return failf(exitAuth, "%s does not accept the token: it is wrong or has expired", server)
		}
		return failf(exitAuth, "%s does not accept the password of %s, or the user has no rights there", server, job.Credentials.User)
	case errors.As(err, &unknownHost) && unknownHost.IsNotFound:
		return failf(exitUnreachable, "there is no host %s: check the URL and the network", host)
	case errors.As(err, &unknownCA):
		return failf(exitUnreachable, "the certificate of %s is signed by an authority that this machine does not know: give its certificate with --ca-cert FILE", host)
	case errors.As(err, &wrongName):
		return failf(exitUnreachable, "the certificate of %s is for another host (%w): check the URL", host, wrongName)
	case errors.As(err, &badCertificate):
		return failf(exitUnreachable, "the certificate of %s is not valid (%w): tell the server's administrator", host, badCertificate)
	case errors.As(err, &verification):
		return failf(exitUnreachable, "the certificate of %s can't be verified: %w", host, verification.Err)
	case errors.As(err, &noTLS):
		return failf(exitUnreachable, "%s does not speak TLS: check the port, or write http://", server)
	case errors.Is(err, unix.ECONNREFUSED):
		return failf(exitUnreachable, "nothing listens at %s: check the URL, or start the server", server)
	case errors.Is(err, context.DeadlineExceeded):
		return failf(exitUnreachable, "%s does not answer in time (--metadata-timeout %s)", server, job.MetadataTimeout)
	case errors.Is(err, client.ErrProtocol), errors.Is(err, client.ErrNotFound):
		return failf(exitUnreachable, "%s is no openBIS, or one that openbisfs does not know: %w", server, err)
	case errors.Is(err, client.ErrUnavailable):
		return failf(exitUnreachable, "%s can't be reached: %w", server, err)
	default:
		return err
	}
}
