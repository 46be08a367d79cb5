package openbistest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// transaction is what one call registers: all of it or nothing, and nobody sees it half done (openBIS source,
// DataSetRegistrationService.java).
type transaction struct {
	ds       *dataStoreServer // nil for what has no files
	s        *Server
	person   *Person
	route    string
	dataSets []*newDataSet
	undo     []func() // in reverse order
}

// newDataSet is a data set that a transaction registers, or changes.
type newDataSet struct {
	code, kind, typeCode string
	sample               *Sample
	experiment           *Experiment
	properties           map[string]string // "" is unset
	parents, components  []string
	root                 *Node
	store                *DataStore
	existing             bool // a container that is changed
}

func (ds *dataStoreServer) begin(person *Person, route string) *transaction {
	return &transaction{ds: ds, s: ds.s, person: person, route: route}
}

// create adds a data set to the transaction. Its code is the one chosen by the client, in upper case, or a new one.
func (tx *transaction) create(typeCode, code string) *newDataSet {
	d := &newDataSet{code: strings.ToUpper(code), kind: "PHYSICAL", typeCode: typeCode, properties: make(map[string]string)}
	if d.code == "" {
		d.code = tx.s.mint()
	}
	if tx.ds != nil {
		d.store = tx.ds.store
	}
	tx.dataSets = append(tx.dataSets, d)
	return d
}

// mint makes a new permId.
func (s *Server) mint() string {
	unlock := s.store.lock(true)
	defer unlock()
	s.Lab.sequence++
	return permID(s.now(), s.Lab.sequence)
}

// move moves a file or folder into a data set. When the transaction fails it is moved back.
func (tx *transaction) move(from string, d *newDataSet) error {
	to, err := tx.s.disk.fresh(tx.ds.store.Code, "store")
	if err != nil {
		return err
	}
	to = filepath.Join(to, filepath.Base(from))
	if err := os.Rename(from, to); err != nil {
		return javaIO(from, err)
	}
	tx.undo = append(tx.undo, func() {
		if os.Rename(to, from) != nil {
			_ = os.RemoveAll(to) // something else is there now
		}
	})
	content, err := nodeOf(to)
	if err != nil {
		return javaIO(from, err)
	}
	d.root = Original(content)
	return nil
}

// rollback takes back what the transaction did to files.
func (tx *transaction) rollback() {
	for _, undo := range slices.Backward(tx.undo) {
		undo()
	}
	tx.undo = nil
}

// commit registers everything in the lab, or rolls back.
func (tx *transaction) commit() error {
	err := tx.s.step(CommitStep)
	if err == nil {
		err = tx.register()
	}
	if err != nil {
		tx.rollback()
	}
	return err
}

// register checks all data sets before it adds the first.
func (tx *transaction) register() error {
	unlock := tx.s.store.lock(true)
	defer unlock()
	made := make(map[string]*DataSet)
	for _, d := range tx.dataSets {
		entity, err := tx.check(d, made)
		if err != nil {
			return err
		}
		made[d.code] = entity
	}
	for _, d := range tx.dataSets {
		tx.add(d, made[d.code], made)
	}
	return nil
}

// check returns the data set as it is going to be, without any relation but the owner's. made are those that the
// transaction makes as well.
func (tx *transaction) check(d *newDataSet, made map[string]*DataSet) (*DataSet, error) {
	known := tx.s.store.dataSets
	if err := tx.mayRegister(d); err != nil {
		return nil, err
	}
	var typ *EntityType
	for _, t := range tx.s.Lab.DataSetTypes {
		if strings.EqualFold(t.Code, d.typeCode) {
			typ = t
		}
	}
	if typ == nil {
		return nil, userFailure("Data Set type with code '%s' does not exist.", d.typeCode)
	}
	if !d.existing && (known[d.code] != nil || made[d.code] != nil) {
		return nil, userFailure("Data set with code '%s' already exists.", d.code)
	}
	for _, code := range slices.Concat(d.parents, d.components) {
		if other := known[code]; made[code] == nil && (other == nil || !tx.s.visible(tx.person, other)) {
			return nil, userFailure("Data set with code '%s' does not exist.", code)
		}
	}
	properties, err := tx.s.checkProperties(tx.person, typ, d.properties)
	if err != nil {
		return nil, err
	}
	if d.existing {
		d.properties = properties
		return known[d.code], nil
	}
	now := tx.s.now().Truncate(time.Millisecond)
	entity := &DataSet{
		PermID: d.code, Kind: d.kind, Type: typ, Sample: d.sample, Experiment: d.experiment, Store: d.store, Properties: properties, Root: d.root,
		Registrator: tx.person, Registered: now,
	}
	if delay := tx.s.opts.PathInfoDelay; delay > 0 {
		entity.fed = now.Add(delay)
	}
	return entity, nil
}

// mayRegister checks the owner and the right to register for it.
func (tx *transaction) mayRegister(d *newDataSet) error {
	space := ""
	switch {
	case d.sample != nil && d.sample.Space == nil:
		return userFailure("The data set '%s' can't be registered for the shared sample '%s'.", d.code, d.sample.Identifier())
	case d.sample != nil && tx.s.store.huge.owns(d.sample.ID):
		return userFailure("The sample '%s' is made on demand and takes no data sets.", d.sample.Identifier())
	case d.sample != nil:
		space = d.sample.SpaceCode()
	case d.experiment != nil:
		space = d.experiment.Project.Space.Code
	default:
		return userFailure("The data set '%s' belongs neither to an experiment nor to a sample.", d.code)
	}
	return tx.s.mayWrite(tx.person, space)
}

// mayWrite is the check of the role that a registration needs.
func (s *Server) mayWrite(p *Person, space string) error {
	if p.MayWrite(space) {
		return nil
	}
	return missingRole("[PROJECT_USER, SPACE_ETL_SERVER]", p)
}

func missingRole(roles string, p *Person) error {
	return authorizationFailure("ERROR: \"None of method roles '%s' could be found in roles of user '%s'.\".", roles, p.UserID)
}

// add puts a checked data set into the lab, which dates the last modification of its owner.
func (tx *transaction) add(d *newDataSet, entity *DataSet, made map[string]*DataSet) {
	lab, st := tx.s.Lab, tx.s.store
	of := func(code string) *DataSet {
		if other := made[code]; other != nil {
			return other
		}
		return st.dataSets[code]
	}
	if d.existing {
		for _, c := range entity.Components {
			c.Containers = slices.DeleteFunc(c.Containers, func(other *DataSet) bool { return other == entity })
		}
		entity.Components = nil
		if entity.Properties == nil {
			entity.Properties = make(map[string]string)
		}
		maps.Copy(entity.Properties, d.properties)
		entity.Modified, entity.Modifier = tx.s.now(), tx.person
	} else {
		lab.AddDataSet(entity)
		st.addDataSet(entity)
		for _, code := range d.parents {
			lab.LinkDataSets(of(code), entity)
		}
	}
	for _, code := range d.components {
		lab.AddToContainer(entity, of(code))
	}
	tx.s.noteRegistration(entity, tx.route)
}
