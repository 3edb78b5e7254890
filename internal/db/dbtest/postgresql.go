package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver for administrative statements

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/migrations"
)

// The environment of the tests: the address of a server that may be filled with
// databases, and whether its absence is a failure.
const (
	EnvURL     = "ODUVAN_TEST_POSTGRES"
	EnvRequire = "ODUVAN_TEST_REQUIRE"
)

var server struct {
	once     sync.Once
	url      string
	err      error
	template string
	count    atomic.Int64
	alive    io.WriteCloser // its end tells the server to stop
}

// PostgreSQL tells whether tests can run on PostgreSQL: on the server of
// EnvURL, else on one of its own that this process starts from Debian's
// binaries and that ends with it.
func PostgreSQL(t testing.TB) bool {
	t.Helper()
	server.once.Do(func() {
		if server.url = os.Getenv(EnvURL); server.url == "" {
			server.url, server.err = startOwn()
		}
		if server.err == nil {
			server.template, server.err = makeTemplate(server.url)
		}
	})
	if server.err == nil {
		return true
	}
	if os.Getenv(EnvRequire) != "" {
		t.Fatalf("PostgreSQL is required and not to be had: %v", server.err)
	}
	t.Logf("not tried on PostgreSQL: %v", server.err)
	return false
}

// URL is the address of the administrative database of the tests' server.
func URL(t testing.TB) string {
	t.Helper()
	if !PostgreSQL(t) {
		t.Fatal("no PostgreSQL")
	}
	return server.url
}

// Binary finds one of PostgreSQL's server programs in PATH or in Debian's folder.
func Binary(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", fmt.Errorf("no %s in PATH or /usr/lib/postgresql: install postgresql-15", name)
	}
	return found[len(found)-1], nil
}

// startOwn starts a server on loopback that dies with this process: a shell
// holds a pipe from us and stops the server when the pipe closes.
func startOwn() (string, error) {
	initdb, err := Binary("initdb")
	if err != nil {
		return "", err
	}
	postgres, err := Binary("postgres")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "oduvan-pg-")
	if err != nil {
		return "", err
	}
	cred, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	init := exec.Command(initdb, "-D", dir+"/data", "-U", "oduvan", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
	init.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := init.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	script := `"$@" & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid; rm -rf "$DATA"`
	run := exec.Command("sh", "-c", script, "sh", postgres, "-D", dir+"/data", "-p", strconv.Itoa(port), "-k", "",
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=300",
		"-c", "shared_buffers=64MB", "-c", "logging_collector=off")
	run.Env = append(os.Environ(), "DATA="+dir)
	run.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setpgid: true}
	if server.alive, err = run.StdinPipe(); err != nil {
		return "", err
	}
	if err := run.Start(); err != nil {
		return "", err
	}
	address := fmt.Sprintf("postgres://oduvan@127.0.0.1:%d/postgres?sslmode=disable", port)
	return address, waitReady(address)
}

// unprivileged gives the folder to user postgres when we are root: the server refuses root.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no credential means: as we are
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func waitReady(address string) error {
	pool, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer pool.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = pool.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres did not start: %w", err)
		case <-tick.C:
		}
	}
}

// makeTemplate migrates one database per state of the series; every process of
// a test run shares it under an advisory lock.
func makeTemplate(address string) (string, error) {
	name := "template_" + seriesHash()
	pool, err := sql.Open("pgx", address)
	if err != nil {
		return "", err
	}
	defer pool.Close()
	ctx := context.Background()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(4242)"); err != nil {
		return "", err
	}
	var n int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM pg_database WHERE datname = $1", name+"_done").Scan(&n); err != nil || n > 0 {
		return name + "_done", err
	}
	for _, stmt := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name} {
		if _, err := conn.ExecContext(ctx, stmt); err != nil {
			return "", err
		}
	}
	if err := migrate(db.Config{URL: withDatabase(address, name)}); err != nil {
		return "", err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+name+" RENAME TO "+name+"_done")
	return name + "_done", err
}

func seriesHash() string {
	h := sha256.New()
	_ = fs.WalkDir(migrations.Files, ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			b, _ := fs.ReadFile(migrations.Files, path)
			fmt.Fprintln(h, path, len(b))
			h.Write(b)
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func withDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Database is the address of a migrated PostgreSQL database that goes with the test.
func Database(t testing.TB) string {
	t.Helper()
	return postgresDatabase(t)
}

// postgresDatabase copies the template to a database that goes with the test.
func postgresDatabase(t testing.TB) string {
	t.Helper()
	admin := URL(t)
	name := fmt.Sprintf("t_%d_%d", os.Getpid(), server.count.Add(1))
	adminExec(t, admin, "CREATE DATABASE "+name+" TEMPLATE "+server.template)
	t.Cleanup(func() { adminExec(t, admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return withDatabase(admin, name)
}

func adminExec(t testing.TB, admin, stmt string) {
	t.Helper()
	pool, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(stmt); err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
}
