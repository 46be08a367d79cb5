// Package client speaks to an openBIS server.
package client
