package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Options of mount(8) and fstab that concern only those who call us, or that say what is so anyway.
var (
	swallowed = []string{
		"defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "_netdev", "nofail",
		"dev", "nodev", "suid", "nosuid", "exec", "noexec", "sync", "async", "silent", "loud",
		"atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
		"lazytime", "nolazytime", "iversion", "noiversion", "mand", "nomand", "default_permissions", "nonempty",
	}
	swallowedKeys     = []string{"comment", "helper", "uhelper", "subtype", "context", "fscontext", "defcontext", "rootcontext"}
	swallowedPrefixes = []string{"x-", "X-"}
	// Options of libfuse with which nothing is lost when they are ignored; the user is told.
	ignoredKeys = []string{"auto_unmount", "entry_timeout", "attr_timeout", "negative_timeout", "max_read", "max_background", "congestion_threshold", "kernel_cache", "auto_cache", "ac_attr_timeout"}
)

// applyOptions applies the values of -o to the flags: "allow_other,dir_ttl=30" are --allow-other --dir-ttl=30. A flag
// that was given as such is left alone. It returns what was ignored, for a warning. With sloppy, options that nobody
// knows are among that instead of being an error. With byMount it is mount(8) that wrote the options: it adds rw to every
// mount that is not ro, so there rw says nothing, and only writable lets programs write.
func applyOptions(f *pflag.FlagSet, lists []string, sloppy, byMount bool) (ignored []string, err error) {
	given := map[string]bool{}
	f.Visit(func(flag *pflag.Flag) { given[flag.Name] = true })
	for _, list := range lists {
		options, err := splitOptions(list)
		if err != nil {
			return nil, failf(exitUsage, "-o %s: %w", list, err)
		}
		for _, option := range options {
			key, value, hasValue := strings.Cut(option, "=")
			switch {
			case key == "" || key == "rw" && !hasValue && byMount:
				continue
			case key == "ro" && !hasValue:
				if given["rw"] && f.Lookup("rw").Value.String() == "true" {
					return nil, failf(exitUsage, "--rw and -o ro contradict each other")
				}
				key, value, hasValue = "rw", "false", true
			case key == "writable" && !hasValue:
				key = "rw"
			case !hasValue && slices.Contains(swallowed, key), hasValue && slices.Contains(swallowedKeys, key):
				continue
			case slices.ContainsFunc(swallowedPrefixes, func(p string) bool { return strings.HasPrefix(key, p) }):
				continue
			case slices.Contains(ignoredKeys, key):
				ignored = append(ignored, option)
				continue
			case key == "remount":
				return nil, failf(exitUsage, "an openbisfs mount can't be remounted: unmount it and mount it again")
			case key == "allow_root":
				return nil, failf(exitUsage, "-o allow_root is not supported: use allow_other, or mount as root")
			case key == "fmask", key == "dmask":
				return nil, failf(exitUsage, "-o %s is not supported: umask holds for files and directories", key)
			case key == "password", key == "pass", key == "token":
				return nil, failf(exitUsage, "-o %s would show the secret to everybody on this machine: use password_file or token_file", key)
			case key == "username":
				key = "user"
			case key == "debug" && !hasValue:
				key, value, hasValue = "log-level", "debug", true
			}
			name := strings.ReplaceAll(key, "_", "-")
			flag := f.Lookup(name)
			if flag == nil || slices.Contains(neverConfigured, name) && name != "config" {
				if sloppy {
					ignored = append(ignored, option)
					continue
				}
				return nil, failf(exitUsage, "there is no mount option %q: openbisfs mount --help lists them, without the dashes", key)
			}
			if given[name] {
				continue
			}
			if !hasValue {
				if flag.NoOptDefVal == "" {
					return nil, failf(exitUsage, "-o %s needs a value", key)
				}
				value = flag.NoOptDefVal
			}
			if err := f.Set(name, value); err != nil {
				return nil, failf(exitUsage, "-o %s=%s: %w", key, value, err)
			}
		}
	}
	return ignored, nil
}

// splitOptions splits at commas. A backslash or double quotes keep a comma in a value; \040 and its like are the
// characters that fstab can't hold.
func splitOptions(list string) ([]string, error) {
	var options []string
	var option strings.Builder
	quoted := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && i+1 == len(list):
			return nil, errors.New("ends with a backslash")
		case c == '\\':
			if i+4 <= len(list) {
				if n, err := strconv.ParseUint(list[i+1:i+4], 8, 8); err == nil {
					option.WriteByte(byte(n))
					i += 3
					continue
				}
			}
			i++
			option.WriteByte(list[i])
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			options = append(options, option.String())
			option.Reset()
		default:
			option.WriteByte(c)
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	return append(options, option.String()), nil
}
