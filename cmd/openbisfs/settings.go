package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"
)

// origin says where the value of a flag comes from; a greater one wins.
type origin int

const (
	fromDefault origin = iota
	fromFile
	fromEnvironment
	fromFlag
)

// origins are the origins of a flag set's values, by the name of the flag.
type origins map[string]origin

// neverConfigured are flags that belong to one call.
var neverConfigured = []string{"config", "help", "options"}

// merge fills the flags that the command line left alone from the environment, and then from the configuration file.
func merge(f *pflag.FlagSet) (origins, error) {
	path, explicit := os.Getenv("OPENBISFS_CONFIG"), true
	if flag := f.Lookup("config"); flag != nil && flag.Changed {
		path = flag.Value.String()
	}
	if path == "" {
		path, explicit = configFileName(), false
	}
	file, err := readConfig(path, explicit)
	if err != nil {
		return nil, err
	}
	from := origins{}
	var errs []error
	f.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed {
			from[flag.Name] = fromFlag
			return
		}
		if slices.Contains(neverConfigured, flag.Name) {
			return
		}
		variable := "OPENBISFS_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if value := os.Getenv(variable); value != "" {
			from[flag.Name] = fromEnvironment
			if err := flag.Value.Set(value); err != nil {
				errs = append(errs, failf(exitUsage, "%s=%s: %w", variable, value, err))
			}
			return
		}
		for _, value := range file[flag.Name] {
			from[flag.Name] = fromFile
			if err := flag.Value.Set(value); err != nil {
				errs = append(errs, failf(exitConfig, "%s: %s = %q: %w", path, flag.Name, value, err))
			}
		}
	})
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return from, nil
}

// configFileName returns the place of the configuration file, "" when there is no home directory.
func configFileName() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "openbisfs", "config.toml")
}

// readConfig returns the values of a configuration file by the name of the flag. A key may be written with "_" for "-".
func readConfig(path string, explicit bool) (map[string][]string, error) {
	if path == "" {
		return nil, nil
	}
	var content map[string]any
	if _, err := toml.DecodeFile(path, &content); err != nil {
		if errors.Is(err, fs.ErrNotExist) && !explicit {
			return nil, nil
		}
		return nil, failf(exitConfig, "configuration file %s: %w", path, err)
	}
	known := configurable()
	values := map[string][]string{}
	for key, value := range content {
		name := strings.ReplaceAll(key, "_", "-")
		switch {
		case name == "password" || name == "token":
			return nil, failf(exitConfig, "configuration file %s: a %s has no place there: put it into a file of its own (chmod 600) and write %s-file = \"FILE\"", path, name, name)
		case known.Lookup(name) == nil:
			return nil, failf(exitConfig, "configuration file %s: there is no setting %q: openbisfs mount --help lists them", path, key)
		}
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, v := range list {
			if _, table := v.(map[string]any); table {
				return nil, failf(exitConfig, "configuration file %s: %q must be a value, not a table", path, key)
			}
			values[name] = append(values[name], fmt.Sprint(v))
		}
	}
	return values, nil
}
