// Makes vectors of a log with Go's golang.org/x/mod/sumdb, and checks those that Rempart made.
//
//	main make        > ../go.json
//	main check ../rempart.json
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type Head struct {
	Size int64  `json:"size"`
	Root string `json:"root"`
	Note string `json:"note"`
}

type Inclusion struct {
	Index int64    `json:"index"`
	Size  int64    `json:"size"`
	Proof []string `json:"proof"`
}

type Consistency struct {
	OldSize int64    `json:"oldSize"`
	Size    int64    `json:"size"`
	Proof   []string `json:"proof"`
}

// Sha256 is of the tile's hashes, one after the other.
type Tile struct {
	Level  int    `json:"level"`
	Index  int64  `json:"index"`
	Width  int    `json:"width"`
	Sha256 string `json:"sha256"`
}

// Vectors tell of a log whose entry n is the text "entry n".
type Vectors struct {
	Origin      string        `json:"origin"`
	Key         string        `json:"key"`
	Heads       []Head        `json:"heads"`
	Inclusion   []Inclusion   `json:"inclusion"`
	Consistency []Consistency `json:"consistency"`
	Tiles       []Tile        `json:"tiles"`
}

const origin = "go.example/log"

var sizes = []int64{1, 2, 3, 7, 8, 255, 256, 257, 600, 66000}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func entry(n int64) []byte { return []byte(fmt.Sprintf("entry %d", n)) }

// A log of `size` entries, as the hashes that Go stores of it.
func grow(size int64) tlog.HashReaderFunc {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for n := int64(0); n < size; n++ {
		stored = append(stored, must(tlog.StoredHashes(n, entry(n), reader))...)
	}
	return reader
}

func encode[H ~[]tlog.Hash](hashes H) []string {
	texts := []string{}
	for _, hash := range hashes {
		texts = append(texts, base64.StdEncoding.EncodeToString(hash[:]))
	}
	return texts
}

func decode(texts []string) []tlog.Hash {
	hashes := []tlog.Hash{}
	for _, text := range texts {
		hashes = append(hashes, must(tlog.ParseHash(text)))
	}
	return hashes
}

func signer() (note.Signer, string) {
	seed := sha256.Sum256([]byte("the seed of a key for vectors, and of nothing else"))
	key := ed25519.NewKeyFromSeed(seed[:])
	verifier := must(note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey)))
	hash := verifier[len(origin)+1 : len(origin)+9]
	secret := base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...))
	return must(note.NewSigner("PRIVATE+KEY+" + origin + "+" + hash + "+" + secret)), verifier
}

func makeVectors() Vectors {
	sign, verifier := signer()
	largest := sizes[len(sizes)-1]
	log := grow(largest)
	vectors := Vectors{Origin: origin, Key: verifier}
	for i, size := range sizes {
		root := must(tlog.TreeHash(size, log))
		text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
		signed := must(note.Sign(&note.Note{Text: text}, sign))
		vectors.Heads = append(vectors.Heads, Head{size, root.String(), string(signed)})
		for _, index := range []int64{0, size / 2, size - 1} {
			proof := must(tlog.ProveRecord(size, index, log))
			vectors.Inclusion = append(vectors.Inclusion, Inclusion{index, size, encode(proof)})
		}
		for _, old := range sizes[:i] {
			proof := must(tlog.ProveTree(size, old, log))
			vectors.Consistency = append(vectors.Consistency, Consistency{old, size, encode(proof)})
		}
	}
	for _, tile := range tlog.NewTiles(8, 0, 600) {
		data := must(tlog.ReadTileData(tile, log))
		sum := sha256.Sum256(data)
		vectors.Tiles = append(vectors.Tiles, Tile{tile.L, tile.N, tile.W, hex.EncodeToString(sum[:])})
	}
	return vectors
}

func check(vectors Vectors) error {
	verifier := must(note.NewVerifier(vectors.Key))
	roots := map[int64]tlog.Hash{}
	var largest int64
	for _, head := range vectors.Heads {
		opened, err := note.Open([]byte(head.Note), note.VerifierList(verifier))
		if err != nil {
			return fmt.Errorf("head of %d: %w", head.Size, err)
		}
		if opened.Text != fmt.Sprintf("%s\n%d\n%s\n", vectors.Origin, head.Size, head.Root) {
			return fmt.Errorf("head of %d: says something else", head.Size)
		}
		roots[head.Size] = must(tlog.ParseHash(head.Root))
		if head.Size > largest {
			largest = head.Size
		}
	}
	log := grow(largest)
	for size, root := range roots {
		if must(tlog.TreeHash(size, log)) != root {
			return fmt.Errorf("root of %d", size)
		}
	}
	for _, v := range vectors.Inclusion {
		err := tlog.CheckRecord(decode(v.Proof), v.Size, roots[v.Size], v.Index, tlog.RecordHash(entry(v.Index)))
		if err != nil {
			return fmt.Errorf("entry %d of %d: %w", v.Index, v.Size, err)
		}
	}
	for _, v := range vectors.Consistency {
		if err := tlog.CheckTree(decode(v.Proof), v.Size, roots[v.Size], v.OldSize, roots[v.OldSize]); err != nil {
			return fmt.Errorf("%d to %d: %w", v.OldSize, v.Size, err)
		}
	}
	for _, v := range vectors.Tiles {
		data := must(tlog.ReadTileData(tlog.Tile{H: 8, L: v.Level, N: v.Index, W: v.Width}, log))
		sum := sha256.Sum256(data)
		if want := must(hex.DecodeString(v.Sha256)); !bytes.Equal(sum[:], want) {
			return fmt.Errorf("tile %d/%d", v.Level, v.Index)
		}
	}
	fmt.Printf("%d heads, %d inclusion and %d consistency proofs, %d tiles: all hold\n",
		len(vectors.Heads), len(vectors.Inclusion), len(vectors.Consistency), len(vectors.Tiles))
	return nil
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "make" {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		must(0, encoder.Encode(makeVectors()))
		return
	}
	var vectors Vectors
	must(0, json.Unmarshal(must(os.ReadFile(os.Args[2])), &vectors))
	must(0, check(vectors))
}
