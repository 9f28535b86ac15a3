// Command conformance_log checks an audit log's directory with implementations that share no code with its writer:
// golang.org/x/mod/sumdb (note, tlog) and filippo.io/torchwood.
//
//	conformance_log DIRECTORY VERIFIER-KEY-FILE [INDEX.tlog-proof ...]
//
// It exits 0 only if the checkpoint is signed by the key, all entries hash to its root, every tile of that size is what
// the entries give, entries at random can be proven from the tiles, and the given proofs verify.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const samples = 200

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: conformance_log DIRECTORY VERIFIER-KEY-FILE [INDEX.tlog-proof ...]")
		os.Exit(2)
	}
	size, err := check(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	fmt.Printf("accepted: %d entries, %d proofs\n", size, len(os.Args[3:]))
}

func check(directory, keyFile string, proofs []string) (int64, error) {
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return 0, err
	}
	verifier, err := note.NewVerifier(strings.TrimSuffix(string(key), "\n"))
	if err != nil {
		return 0, err
	}
	tree, err := openCheckpoint(directory, verifier)
	if err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	hashes, err := hashEntries(directory, tree)
	if err != nil {
		return 0, fmt.Errorf("entries: %w", err)
	}
	if err := compareTiles(directory, tree, hashes); err != nil {
		return 0, fmt.Errorf("tiles: %w", err)
	}
	if err := proveSome(directory, tree, hashes); err != nil {
		return 0, fmt.Errorf("proofs from tiles: %w", err)
	}
	return tree.N, checkWithTorchwood(directory, verifier, proofs)
}

// openCheckpoint reads the note with sumdb/note alone and takes its three lines apart.
func openCheckpoint(directory string, verifier note.Verifier) (tlog.Tree, error) {
	signed, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, errors.New("not the three lines of this log's checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// hashStore keeps every stored hash of a tree in memory, in sumdb's own order.
type hashStore []tlog.Hash

func (s hashStore) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		found[i] = s[index]
	}
	return found, nil
}

// hashEntries hashes the entries of all bundles and compares the root.
func hashEntries(directory string, tree tlog.Tree) (hashStore, error) {
	var store hashStore
	for n := int64(0); n < tree.N; {
		width := min(torchwood.TileWidth, tree.N-n)
		path := torchwood.TilePath(tlog.Tile{H: torchwood.TileHeight, L: -1, N: n / torchwood.TileWidth, W: int(width)})
		bundle, err := os.ReadFile(filepath.Join(directory, path))
		if err != nil {
			return nil, err
		}
		for end := n + width; n < end; n++ {
			var entry []byte
			if entry, bundle, err = torchwood.ReadTileEntry(bundle); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			added, err := tlog.StoredHashes(n, entry, store)
			if err != nil {
				return nil, err
			}
			store = append(store, added...)
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("%s: more than %d entries", path, width)
		}
	}
	root, err := tlog.TreeHash(tree.N, store)
	if err == nil && root != tree.Hash {
		err = fmt.Errorf("%d entries hash to %v, not to the signed root", tree.N, root)
	}
	return store, err
}

// compareTiles asks sumdb which tiles a tree of this size has and what they hold.
func compareTiles(directory string, tree tlog.Tree, hashes hashStore) error {
	for _, tile := range tlog.NewTiles(torchwood.TileHeight, 0, tree.N) {
		expected, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		path := torchwood.TilePath(tile)
		found, err := os.ReadFile(filepath.Join(directory, path))
		if err != nil {
			return err
		}
		if !bytes.Equal(found, expected) {
			return fmt.Errorf("%s differs from the hashes of the entries", path)
		}
	}
	return nil
}

// tileFiles lets sumdb read tiles from the directory.
type tileFiles string

func (d tileFiles) Height() int { return torchwood.TileHeight }

func (d tileFiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (d tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		var err error
		if data[i], err = os.ReadFile(filepath.Join(string(d), torchwood.TilePath(tile))); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// proveSome proves random entries, the first and the last with sumdb/tlog, which authenticates the tiles it reads.
func proveSome(directory string, tree tlog.Tree, hashes hashStore) error {
	for _, index := range someIndexes(tree.N) {
		proof, err := tlog.ProveRecord(tree.N, index, tlog.TileHashReader(tree, tileFiles(directory)))
		if err != nil {
			return err
		}
		leaf := hashes[tlog.StoredHashIndex(0, index)]
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	return nil
}

func checkWithTorchwood(directory string, verifier note.Verifier, proofs []string) error {
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(verifier.Name()), torchwood.SingleVerifierPolicy(verifier))
	signed, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	if err != nil {
		return err
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return fmt.Errorf("torchwood: checkpoint: %w", err)
	}
	files, err := torchwood.NewTileFS(os.DirFS(directory))
	if err != nil {
		return err
	}
	client, err := torchwood.NewClient(files)
	if err != nil {
		return err
	}
	ctx := context.Background()
	var entries int64
	for range client.AllEntries(ctx, checkpoint.Tree, 0) {
		entries++
	}
	if err := client.Err(); err != nil {
		return fmt.Errorf("torchwood: entries: %w", err)
	}
	if entries != checkpoint.N {
		return fmt.Errorf("torchwood: read %d of %d entries", entries, checkpoint.N)
	}
	for _, index := range someIndexes(checkpoint.N) {
		if _, _, err := client.Entry(ctx, checkpoint.Tree, index); err != nil {
			return fmt.Errorf("torchwood: entry %d: %w", index, err)
		}
	}
	for _, path := range proofs {
		index, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".tlog-proof"), 10, 64)
		if err != nil {
			return err
		}
		proof, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		entry, _, err := client.Entry(ctx, checkpoint.Tree, index)
		if err != nil {
			return err
		}
		if err := torchwood.VerifyProof(policy, tlog.RecordHash(entry), proof); err != nil {
			return fmt.Errorf("torchwood: %s: %w", filepath.Base(path), err)
		}
	}
	return nil
}

func someIndexes(size int64) []int64 {
	if size == 0 {
		return nil
	}
	indexes := []int64{0, size - 1}
	for range samples {
		indexes = append(indexes, rand.Int64N(size))
	}
	return indexes
}
