package meta

import (
	"unsafe"

	"github.com/openbisfs/openbisfs/client"
)

// What things take in memory, in bytes, with what the allocator adds. These are estimates: the sum over many answers is
// near the truth, a single one need not be.
const (
	// entryCost is an entry, its places in listing and indexes, and what its texts share.
	entryCost = int(unsafe.Sizeof(Entry{})) + 48
	// packedCost is a packed entity beside its data.
	packedCost = int(unsafe.Sizeof(packed{})) + 8
	// entityCost is an entity with a few properties, or a property type or term.
	entityCost = 768
	// dataSetCost is a Dataset without its relatives.
	dataSetCost = int(unsafe.Sizeof(client.DataSet{})) + int(unsafe.Sizeof(client.PhysicalData{})) + 640
	// refCost is a reference to a relative.
	refCost = int(unsafe.Sizeof(client.ObjectRef{})) + int(unsafe.Sizeof(client.DataSetRef{})) + 64
	// nodeCost is a file of a Dataset.
	nodeCost = int(unsafe.Sizeof(fileNode{})) + 64
)

// weigh returns what the entries of a listing take, without packed entities.
func weigh(entries []*Entry) int {
	n := 0
	for _, e := range entries {
		n += entryCost + len(e.Name) + len(e.permID) + len(e.Target)
		switch entity := e.entity.(type) {
		case nil, *packed:
		case *client.DataSet:
			n += dataSetCost + refCost*(len(entity.Parents)+len(entity.Children)+len(entity.Components))
			for code, value := range entity.Properties {
				n += len(code) + len(value)
			}
		default:
			n += entityCost
		}
	}
	return n
}
