// Verifies a journal with Go's own packages, golang.org/x/mod/sumdb/{note,tlog}, and none of
// our code: another language, other authors, the same formats.
//
//	verify FOLDER KEY            the checkpoint, and every leaf against authenticated tiles
//	verify proofs < CASES        "yes" or "no" for each proof, one JSON object a line
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	log.SetFlags(0)
	var err error
	if len(os.Args) == 3 {
		err = verifyJournal(os.Args[1], os.Args[2])
	} else {
		err = checkProofs()
	}
	if err != nil {
		log.Fatal(err)
	}
}

// folder reads tiles from files; tlog's own paths begin with the height, C2SP's do not.
type folder string

func (f folder) Height() int { return tileHeight }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

func verifyJournal(path, key string) error {
	tree, err := openCheckpoint(filepath.Join(path, "checkpoint"), key)
	if err != nil {
		return err
	}
	if err := verifyTiles(path, tree); err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, folder(path))
	for start := int64(0); start < tree.N; start += 256 {
		end := start + 256
		if end > tree.N {
			end = tree.N
		}
		if err := verifyBundle(path, hashes, start, end); err != nil {
			return err
		}
	}
	fmt.Println(tree.N, "leaves verified")
	return nil
}

// openCheckpoint returns the tree that a signed checkpoint commits to.
func openCheckpoint(path, key string) (tlog.Tree, error) {
	none := tlog.Tree{}
	data, err := os.ReadFile(path)
	if err != nil {
		return none, err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return none, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return none, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return none, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return none, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// verifyTiles compares every full tile with the hash of it that stands in its parent.
//
// TileHashReader means to do so, but in the version that Debian 12 ships it passes over the
// first tiles of a read when several roots of the tree's right edge share a tile.
func verifyTiles(path string, tree tlog.Tree) error {
	for level := 0; tree.N>>(8*(level+1)) > 0; level++ {
		full := tree.N >> (8 * (level + 1))
		for n := int64(0); n < full; n++ {
			width := int64(256)
			if left := full - n/256*256; left < width {
				width = left
			}
			found, err := folder(path).ReadTiles([]tlog.Tile{
				{H: tileHeight, L: level, N: n, W: 256},
				{H: tileHeight, L: level + 1, N: n / 256, W: int(width)},
			})
			if err != nil {
				return err
			}
			if len(found[0]) != 256*tlog.HashSize || len(found[1]) != int(width)*tlog.HashSize {
				return fmt.Errorf("tile %d/%d or its parent is cut short", level, n)
			}
			var want tlog.Hash
			copy(want[:], found[1][n%256*tlog.HashSize:])
			if rootOf(found[0]) != want {
				return fmt.Errorf("tile %d/%d is not what its parent says", level, n)
			}
		}
	}
	return nil
}

// rootOf hashes the nodes of a full tile together.
func rootOf(data []byte) tlog.Hash {
	row := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range row {
		copy(row[i][:], data[i*tlog.HashSize:])
	}
	for len(row) > 1 {
		for i := 0; i < len(row)/2; i++ {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	return row[0]
}

// verifyBundle compares the leaves [start, end) of one bundle with authenticated hashes.
func verifyBundle(path string, hashes tlog.HashReader, start, end int64) error {
	tile := tlog.Tile{H: tileHeight, L: -1, N: start / 256, W: int(end - start)}
	name := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(path, name))
	if err != nil {
		return err
	}
	indexes := make([]int64, 0, 256)
	for leaf := start; leaf < end; leaf++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, leaf))
	}
	known, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, want := range known {
		if len(data) < 2 || len(data) < 2+int(data[0])<<8+int(data[1]) {
			return fmt.Errorf("%s: cut short at leaf %d", name, start+int64(i))
		}
		size := 2 + int(data[0])<<8 + int(data[1])
		if tlog.RecordHash(data[2:size]) != want {
			return fmt.Errorf("%s: leaf %d is another", name, start+int64(i))
		}
		data = data[size:]
	}
	if len(data) != 0 {
		return fmt.Errorf("%s: %d bytes too many", name, len(data))
	}
	return nil
}

// proofCase is an inclusion proof of Hash at N in the tree Root of Size; or, with Old set, a
// proof that the tree Hash of N leaves begins it.
type proofCase struct {
	Old        bool
	Proof      []string
	Size, N    int64
	Root, Hash string
}

func checkProofs() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one proofCase
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return err
		}
		if one.check() == nil {
			fmt.Println("yes")
		} else {
			fmt.Println("no")
		}
	}
	return lines.Err()
}

func (c proofCase) check() error {
	root, hash := decode(c.Root), decode(c.Hash)
	var path []tlog.Hash
	for _, part := range c.Proof {
		path = append(path, decode(part))
	}
	if c.Old {
		return tlog.CheckTree(path, c.Size, root, c.N, hash)
	}
	return tlog.CheckRecord(path, c.Size, root, c.N, hash)
}

func decode(text string) tlog.Hash {
	var hash tlog.Hash
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) != tlog.HashSize {
		log.Fatalf("not a hash: %s", text)
	}
	copy(hash[:], data)
	return hash
}
