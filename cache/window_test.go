package cache

import "testing"

func TestWindow(t *testing.T) {
	const total, memory = 8192, 256
	tests := []struct {
		name    string
		total   int64
		memory  int64
		touches []int64
		want    []advice // of every touch; the rest is advice{}
	}{
		{name: "head of a file, with the kernel's read-ahead", touches: []int64{0, 0, 0, 1}},
		{name: "tail", touches: []int64{8191, 8190, 8191}},
		{name: "jumps", touches: []int64{5, 900, 17, 4000, 905, 17}},
		{name: "backwards, block after block", touches: []int64{50, 49, 48, 47, 46, 45}},
		{name: "every second block", touches: []int64{0, 2, 4, 6, 8, 10, 12, 14}},
		{
			name: "from the start", touches: []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
			want: []advice{{}, {}, {3, 5, true}, {5, 8, true}, {}, {8, 14, true}, {}, {}, {}, {14, 26, false}},
		},
		{
			name: "from the middle there is no stream", touches: []int64{100, 101, 102, 103},
			want: []advice{{}, {}, {103, 105, false}, {105, 108, false}},
		},
		{
			name: "with little left there is no stream", total: 18, touches: []int64{0, 1, 2},
			want: []advice{{}, {}, {3, 5, false}},
		},
		{
			name: "with just enough left there is a stream", total: 19, touches: []int64{0, 1, 2},
			want: []advice{{}, {}, {3, 5, true}},
		},
		{
			name: "not beyond the end", total: 6, touches: []int64{0, 1, 2, 3, 4, 5},
			want: []advice{{}, {}, {3, 5, false}, {5, 6, false}, {6, 6, false}, {6, 6, false}},
		},
		{
			name: "little memory, little read-ahead", memory: 8, touches: []int64{0, 1, 2, 3, 4, 5},
			want: []advice{{}, {}, {3, 5, true}, {5, 6, true}, {6, 7, true}, {7, 8, true}},
		},
		{
			name: "the kernel's order", touches: []int64{0, 2, 1, 4, 3},
			want: []advice{{}, {}, {3, 5, true}, {}, {5, 9, true}},
		},
		{
			name: "two readers in turn", touches: []int64{0, 5000, 1, 5001, 2, 5002, 3},
			want: []advice{{}, {}, {}, {}, {3, 5, true}, {5003, 5005, false}, {5, 8, true}},
		},
		{
			name: "a jump back begins anew, and its return goes on", touches: []int64{0, 1, 2, 3, 4, 700, 5},
			want: []advice{{}, {}, {3, 5, true}, {5, 8, true}, {}, {}, {8, 14, true}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.total == 0 {
				test.total = total
			}
			if test.memory == 0 {
				test.memory = memory
			}
			w := newWindow(test.total, test.memory)
			for i, n := range test.touches {
				var want advice
				if i < len(test.want) {
					want = test.want[i]
				}
				if got := w.touch(n); got != want {
					t.Errorf("touch %d, of block %d: %+v, want %+v", i, n, got, want)
				}
			}
		})
	}
}

func TestWindowGrowsToItsMaximum(t *testing.T) {
	w := newWindow(1<<20, 1<<10)
	var largest int64
	end := int64(0)
	for n := range int64(1000) {
		a := w.touch(n)
		if a.from != a.to {
			if end != 0 && a.from != end {
				t.Fatalf("at block %d: advice %+v leaves a gap or repeats after %d", n, a, end)
			}
			end = a.to
		}
		if n > sequentialRun && end <= n {
			t.Fatalf("at block %d nothing is read ahead", n)
		}
		largest = max(largest, end-n-1)
	}
	if largest != maxAhead {
		t.Errorf("read-ahead grew to %d blocks, want %d", largest, maxAhead)
	}
}

func TestWindowForgetsTheOldestReader(t *testing.T) {
	w := newWindow(1<<20, 1<<10)
	w.touch(0)
	w.touch(1)
	for i := range int64(positions) {
		w.touch(1000 * (i + 1))
	}
	if a := w.touch(2); a != (advice{}) {
		t.Errorf("a position among more than %d is still known: %+v", positions, a)
	}
}
