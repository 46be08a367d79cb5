package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
)

// tlsConfig returns how to verify the server: with the system's certificates, and those of a file.
func tlsConfig(caCert string, insecure bool) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if insecure {
		config.InsecureSkipVerify = true
		return config, nil
	}
	if caCert == "" {
		return config, nil
	}
	pem, err := os.ReadFile(caCert)
	if err != nil {
		return nil, failf(exitConfig, "can't read the CA certificates: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, failf(exitConfig, "%s has no certificate in PEM form (-----BEGIN CERTIFICATE-----)", caCert)
	}
	config.RootCAs = pool
	return config, nil
}
