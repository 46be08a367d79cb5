// Command rclone is rclone with the back-ends and mounts that the bench compares with, and none of the cloud services'
// libraries: it is built in a minute.
package main

import (
	_ "github.com/rclone/rclone/backend/http"
	_ "github.com/rclone/rclone/backend/local"
	_ "github.com/rclone/rclone/backend/sftp"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/mount"
	_ "github.com/rclone/rclone/cmd/mount2"
	_ "github.com/rclone/rclone/cmd/version"
)

func main() { cmd.Main() }
