package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// daemonCommand is the hidden command that the background process runs. Its arguments are for the eyes of ps: the job,
// with the secrets in it, comes through a pipe.
const daemonCommand = "daemon"

// The descriptors of the daemon's ends of the pipes.
const (
	jobDescriptor    = 3
	reportDescriptor = 4
)

// report is what the daemon says once, about the start.
type report struct {
	Code  exitCode
	Error string // "" when the mount answers
}

// daemonize starts the daemon and returns when its mount answers, or why it does not.
func daemonize(ctx context.Context, inv *invocation, job *mountJob) error {
	if job.LogFile == "" {
		job.LogFile = logFileName(job.MountPoint)
	}
	log, err := openLog(job.LogFile)
	if err != nil {
		return err
	}
	defer log.Close()
	jobRead, jobWrite, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start the daemon: %w", err)
	}
	defer jobWrite.Close()
	defer jobRead.Close()
	reportRead, reportWrite, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start the daemon: %w", err)
	}
	defer reportRead.Close()
	defer reportWrite.Close()

	// It outlives this process and its context.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/proc/self/exe")
	cmd.Args = []string{"openbisfs", daemonCommand, job.Target.String(), job.MountPoint}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{jobRead, reportWrite}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the daemon: %w", err)
	}
	_ = jobRead.Close()
	_ = reportWrite.Close()
	stopOnCancel := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stopOnCancel()

	err = json.NewEncoder(jobWrite).Encode(job)
	_ = jobWrite.Close()
	if err == nil {
		err = readReport(reportRead)
	}
	if err != nil {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, io.EOF) || errors.Is(err, unix.EPIPE) {
			return fmt.Errorf("the daemon ended before the mount was ready: %s says why", job.LogFile)
		}
		if codeOf(err) == exitNoFUSE {
			return failf(exitNoFUSE, "%w; %s may say more", err, job.LogFile)
		}
		return err
	}
	if _, err := os.Stat(job.MountPoint); err != nil {
		return fmt.Errorf("the mount does not answer: %w", err)
	}
	if !inv.helper {
		_, _ = fmt.Fprintf(inv.out, "%s is mounted on %s (log: %s)\n", job.Target, job.MountPoint, job.LogFile)
	}
	return cmd.Process.Release()
}

// readReport returns nil when the daemon reports a mount that answers.
func readReport(r io.Reader) error {
	var got report
	if err := json.NewDecoder(r).Decode(&got); err != nil {
		return err
	}
	if got.Error != "" {
		return &failure{code: got.Code, err: errors.New(got.Error)}
	}
	return nil
}

// runDaemon is the background process.
func runDaemon(ctx context.Context, inv *invocation, _ []string) error {
	unix.CloseOnExec(jobDescriptor)
	unix.CloseOnExec(reportDescriptor)
	jobFile := os.NewFile(jobDescriptor, "job")
	reportFile := os.NewFile(reportDescriptor, "report")
	var job mountJob
	err := json.NewDecoder(jobFile).Decode(&job)
	_ = jobFile.Close()
	if err != nil {
		return failf(exitUsage, "%s is started by mount only", daemonCommand)
	}
	send := func(r report) error {
		defer reportFile.Close()
		return json.NewEncoder(reportFile).Encode(r)
	}

	log := newLogger(newRedactor(inv.err, &job.Credentials), job.LogLevel, job.LogFormat)
	started := false
	ready := func() error {
		started = true
		log.Info("mounted", "url", job.Target.String(), "on", job.MountPoint, "version", thisBuild().Version, "pid", os.Getpid())
		return send(report{})
	}
	err = serve(ctx, &job, log, ready, func(text string) { log.Warn(text) })
	switch {
	case err != nil && !started:
		log.Error("mounting failed", "error", err)
		_ = send(report{codeOf(err), redact(err.Error())})
	case err != nil:
		log.Error("ended", "error", err)
	default:
		log.Info("unmounted", "on", job.MountPoint)
		return nil
	}
	return alreadySaid(err)
}
