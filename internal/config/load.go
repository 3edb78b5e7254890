package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	gotoml "github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"
)

// foreign are variables with our prefix that other parts of the program or
// its tests read by themselves.
var foreign = []string{configEnv, envPrefix + "FAILPOINTS"}

// testPrefix starts variables for tests only.
const testPrefix = envPrefix + "TEST_"

// Load reads the settings from flags that were set (nil: none), variables of
// environ ("KEY=value"; an empty value counts as not set) and the file named
// by --config or ODUVAN_CONFIG. The error, an errors.Join of one line for each
// fault, names every setting at fault and never quotes a secret value.
func Load(flags *pflag.FlagSet, environ []string) (Config, error) {
	layers := []func() (*koanf.Koanf, error){
		func() (*koanf.Koanf, error) { return fromFile(configPath(flags, environ)) },
		func() (*koanf.Koanf, error) { return fromEnv(environ) },
		func() (*koanf.Koanf, error) { return fromFlags(flags) },
	}
	all := koanf.New(".")
	defaults := map[string]any{"listen": defaultListen, "data": defaultData}
	if err := all.Load(confmap.Provider(defaults, "."), nil); err != nil {
		return Config{}, fmt.Errorf("config: defaults: %w", err)
	}
	var faults []error
	for _, layer := range layers {
		values, err := layer()
		if err == nil {
			err = all.Merge(values)
		}
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return Config{}, err
	}
	var c Config
	for _, s := range settings {
		if s.flag != nil {
			*s.flag(&c) = all.Bool(s.setting.Key)
		} else {
			*s.text(&c) = all.String(s.setting.Key)
		}
	}
	if err := c.check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// configPath is the file to read, empty for none.
func configPath(flags *pflag.FlagSet, environ []string) string {
	if flags != nil {
		if f := flags.Lookup(configFlag); f != nil && f.Changed {
			return f.Value.String()
		}
	}
	path := ""
	for _, line := range environ {
		if value, ok := strings.CutPrefix(line, configEnv+"="); ok {
			path = value
		}
	}
	return path
}

func fromFile(path string) (*koanf.Koanf, error) {
	k := koanf.New(".")
	if path == "" {
		return k, nil
	}
	if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
		var decode *gotoml.DecodeError
		if errors.As(err, &decode) {
			row, column := decode.Position()
			return nil, fmt.Errorf("config: %s:%d:%d: %w", path, row, column, err)
		}
		return nil, fmt.Errorf("config: %s: %w", path, err)
	}
	return k, checkKeys(k, func(key string) string { return fmt.Sprintf("%q in %s", key, path) })
}

func fromEnv(environ []string) (*koanf.Koanf, error) {
	k := koanf.New(".")
	read := env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			if value == "" || slices.Contains(foreign, name) || strings.HasPrefix(name, testPrefix) {
				return "", nil
			}
			// A dot would be taken for a table; no variable of ours has one.
			key := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, envPrefix)), ".", "?")
			return key, typed(key, value)
		},
	})
	if err := k.Load(read, nil); err != nil {
		return nil, fmt.Errorf("config: environment: %w", err)
	}
	return k, checkKeys(k, envName)
}

// typed turns the text of a switch into a bool; other text stays and is
// refused by checkKeys.
func typed(key, value string) any {
	if s, ok := byKey(key); ok && s.flag != nil {
		if on, err := strconv.ParseBool(value); err == nil {
			return on
		}
	}
	return value
}

// fromFlags takes the flags that were set; others give way to the environment.
func fromFlags(flags *pflag.FlagSet) (*koanf.Koanf, error) {
	k := koanf.New(".")
	if flags == nil {
		return k, nil
	}
	read := posflag.ProviderWithFlag(flags, ".", k, func(f *pflag.Flag) (string, any) {
		for _, s := range settings {
			if f.Changed && s.setting.Flag != "" && s.setting.Flag == f.Name {
				return s.setting.Key, posflag.FlagVal(flags, f)
			}
		}
		return "", nil // a flag of the command itself
	})
	if err := k.Load(read, nil); err != nil {
		return nil, fmt.Errorf("config: flags: %w", err)
	}
	return k, nil
}

// checkKeys refuses keys that are no settings and values of another type.
func checkKeys(k *koanf.Koanf, place func(key string) string) error {
	var faults []error
	all := k.All()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		s, ok := byKey(key)
		if !ok {
			faults = append(faults, fmt.Errorf("config: unknown setting %s", place(key)))
			continue
		}
		_, isText := all[key].(string)
		_, isBool := all[key].(bool)
		switch {
		case s.flag != nil && !isBool:
			faults = append(faults, fmt.Errorf("config: %s must be true or false", place(key)))
		case s.flag == nil && !isText:
			faults = append(faults, fmt.Errorf("config: %s must be text in quotes", place(key)))
		}
	}
	return errors.Join(faults...)
}

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, "?", "."))
}
