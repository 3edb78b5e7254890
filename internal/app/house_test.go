package app_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The house's bounds (architecture, Numbers to hold to).
const (
	maxFile = 600
	maxFunc = 80
	maxArgs = 6 // five and the context
)

type figures struct{ files, funcs, tests, code []int }

// TestHouseNumbers prints the figures of the house and refuses what is over
// its bounds: long files and functions, missing words.
func TestHouseNumbers(t *testing.T) {
	t.Parallel()
	var f figures
	for _, p := range packages(t) {
		all, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range all {
			if !strings.HasSuffix(path, "_templ.go") {
				f.file(t, path)
			}
		}
	}
	code, tests := sum(f.code), sum(f.tests)
	t.Logf("production lines %d, test lines %d (ratio %.2f); file lines p50 %d p90 %d max %d; function lines p50 %d p90 %d max %d",
		code, tests, float64(tests)/float64(code), quantile(f.files, 50), quantile(f.files, 90), quantile(f.files, 100),
		quantile(f.funcs, 50), quantile(f.funcs, 90), quantile(f.funcs, 100))
}

func (f *figures) file(t *testing.T, path string) {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	lines := fset.File(tree.Pos()).LineCount()
	if strings.HasSuffix(path, "_test.go") {
		f.tests = append(f.tests, lines)
		return
	}
	f.code, f.files = append(f.code, lines), append(f.files, lines)
	if lines > maxFile {
		t.Errorf("%s has %d lines", path, lines)
	}
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.function(t, fset, d)
		case *ast.GenDecl:
			documented(t, fset, d)
		}
	}
}

func (f *figures) function(t *testing.T, fset *token.FileSet, d *ast.FuncDecl) {
	t.Helper()
	lines := fset.Position(d.End()).Line - fset.Position(d.Pos()).Line + 1
	f.funcs = append(f.funcs, lines)
	at := fset.Position(d.Pos())
	if lines > maxFunc {
		t.Errorf("%s: %s has %d lines", at, d.Name.Name, lines)
	}
	if d.Type.Params.NumFields() > maxArgs {
		t.Errorf("%s: %s takes %d arguments", at, d.Name.Name, d.Type.Params.NumFields())
	}
	if d.Name.IsExported() && d.Doc == nil {
		t.Errorf("%s: %s has no word of what it does", at, d.Name.Name)
	}
}

func documented(t *testing.T, fset *token.FileSet, d *ast.GenDecl) {
	t.Helper()
	if d.Doc != nil {
		return
	}
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil {
				t.Errorf("%s: %s has no word of what it is", fset.Position(s.Pos()), s.Name.Name)
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil {
				t.Errorf("%s: %s has no word of what it is", fset.Position(s.Pos()), s.Names[0].Name)
			}
		}
	}
}

func TestEveryPackageSaysWhatItPromises(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		said := false
		for _, file := range p.GoFiles {
			tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			said = said || tree.Doc != nil
		}
		if !said {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

func quantile(list []int, percent int) int {
	if len(list) == 0 {
		return 0
	}
	sort.Ints(list)
	return list[min(len(list)*percent/100, len(list)-1)]
}

// TestEveryPackageIsTested: make test runs group by group, and no package may
// be forgotten there.
func TestEveryPackageIsTested(t *testing.T) {
	t.Parallel()
	script := string(read(t, filepath.Join("..", "..", "deploy", "test", "test")))
	for _, p := range packages(t) {
		named := false
		for dir := p.ImportPath; dir != "."; dir = filepath.Dir(dir) {
			whole := strings.Contains(script, "./"+dir+"/...")
			named = named || whole || dir == p.ImportPath && strings.Contains(script, "./"+dir+" ")
		}
		if !named {
			t.Errorf("deploy/test/test does not run %s", p.ImportPath)
		}
	}
}

// Tests that stand behind a build tag are run by the scripts too.
func TestEveryFailpointIsTested(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"test", "night"} {
		script := string(read(t, filepath.Join("..", "..", "deploy", "test", name))) + "\n"
		for _, p := range packages(t) {
			files, err := filepath.Glob(filepath.Join("..", "..", p.ImportPath, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if bytes.HasPrefix(read(t, f), []byte("//go:build failpoints")) && !regexp.MustCompile(`-tags failpoints .*\./`+p.ImportPath+`\s`).MatchString(script) {
					t.Errorf("deploy/test/%s does not run the failpoints of %s", name, p.ImportPath)
				}
			}
		}
	}
}
