"Videos as people have them: every codec, unequal times, odd sizes, one frame, none; each behaves as data/your_own.md says"
from fractions import Fraction

import numpy as np
import pytest

from aed_nb.datasets import AvCapture, VideoFrames, get_dataset, load_folder, open_video

av = pytest.importorskip('av', reason='PyAV writes the videos of these tests')

def clock(index, width=96, height=64):
    "A picture that tells its index by the length of a bar"
    frame = np.full((height, width, 3), (40, 90, 60), np.uint8)
    frame[16:48,:index % width] = 220
    return frame

def write(path, codec, times, width=96, height=64, pixels='yuv420p', **options):
    "A video whose frames are shown at `times`, milliseconds; at 25 frames a second when it is a number of frames"
    with av.open(str(path), 'w') as container:
        try: stream = container.add_stream(codec, rate=25, options=options)
        except av.error.FFmpegError as error: pytest.skip(f'this PyAV does not write {codec}: {error}')
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        if not isinstance(times, int): stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index in range(times if isinstance(times, int) else len(times)):
            frame = av.VideoFrame.from_ndarray(clock(index, width, height), format='rgb24')
            if not isinstance(times, int): frame.pts, frame.time_base = times[index], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path

def bars(frames):
    "What the pictures say which index they have"
    return [int((frame[32,:,0].astype(int) > 140).sum()) for frame in frames]

STEADY = 60 # frames, one every 40 milliseconds
CODECS = [('libx264', 'mp4'), ('libx264', 'mkv'), ('libx264', 'ts'), ('libx265', 'mp4'), ('libx265', 'mov'), ('libvpx', 'webm'), ('libvpx-vp9', 'webm'), ('libsvtav1', 'mkv'),
    ('libsvtav1', 'mp4'), ('mpeg4', 'mp4'), ('mpeg2video', 'mpg'), ('wmv2', 'wmv'), ('flv', 'flv'), ('ffv1', 'mkv')]

@pytest.mark.parametrize('codec, kind', CODECS, ids=[f'{codec}-{kind}' for codec,kind in CODECS])
def test_any_order_gives_the_frames_of_sequential_order(codec, kind, tmp_path):
    video = VideoFrames(write(tmp_path/f'clock.{kind}', codec, STEADY))
    assert len(video) == 60
    in_order = [video.read(index) for index in range(60)]
    assert np.abs(np.array(bars(in_order))-np.arange(60)).max() <= 2
    for index in np.random.default_rng(0).permutation(60)[:20]: assert (video.read(int(index)) == in_order[index]).all()
    assert video.fps == pytest.approx(25, rel=0.03)

def test_av1_is_read_by_pyav(tmp_path):
    path = write(tmp_path/'clock.mkv', 'libsvtav1', STEADY)
    capture = open_video(path)
    fine, frame = capture.read()
    assert fine and frame.shape == (64, 96, 3)
    assert not isinstance(capture, AvCapture) or not VideoFrames(path).may_jump() # PyAV lands on a key frame before

@pytest.mark.parametrize('codec, kind', [('libx264', 'mp4'), ('libx264', 'mkv'), ('libx265', 'mp4'), ('libvpx-vp9', 'webm'), ('libsvtav1', 'mkv')])
def test_unequal_times_lead_to_the_right_frame(codec, kind, tmp_path, monkeypatch):
    import aed_nb.datasets
    monkeypatch.setattr(aed_nb.datasets, 'READ_ON', 5)
    times = np.cumsum([0]+[40, 40, 200, 40, 40, 40, 400, 40]*40)[:-1]
    video = VideoFrames(write(tmp_path/f'telephone.{kind}', codec, times.tolist(), g='30'))
    assert len(video) == 320
    in_order = [video.read(index) for index in range(320)]
    assert np.abs(np.array(bars(in_order))-np.arange(320) % 96).max() <= 3
    jumps = []
    jump = VideoFrames.jump
    monkeypatch.setattr(VideoFrames, 'jump', lambda self, index: jumps.append(jump(self, index)) or jumps[-1])
    for index in (319, 5, 200, 40, 41, 300, 2): assert (video.read(index) == in_order[index]).all(), index
    assert not video.may_jump()
    assert sum(jumps) >= 4, jumps # by time, without going through everything

def test_seconds_follow_the_times_of_the_frames(tmp_path):
    times = np.cumsum([0]+[40, 40, 200, 40, 40, 40, 400, 40]*8)
    for part in ('train', 'test'): (tmp_path/part).mkdir()
    write(tmp_path/'train/normal.mp4', 'libx264', STEADY)
    write(tmp_path/'test/telephone.mp4', 'libx264', times.tolist(), bf='0')
    (tmp_path/'labels.csv').write_text('clip,start,end\ntelephone,0.3,0.8\n')
    labels = load_folder(tmp_path).test[0].labels
    assert np.flatnonzero(labels).tolist() == np.flatnonzero((times >= 300) & (times <= 800)).tolist()

@pytest.mark.parametrize('width, height', [(97, 65), (101, 64), (34, 150)])
def test_odd_sizes(width, height, tmp_path):
    video = VideoFrames(write(tmp_path/'odd.mkv', 'ffv1', 5, width, height, 'yuv444p'))
    assert (len(video), video.size) == (5, (width, height))
    assert video.read(4).shape == (height, width, 3)

def test_grey_has_three_equal_channels(tmp_path):
    video = VideoFrames(write(tmp_path/'grey.mkv', 'ffv1', STEADY, pixels='gray'))
    frame = video.read(30)
    assert frame.shape == (64, 96, 3) and np.ptp(frame.astype(int), axis=2).max() <= 2

def test_one_frame_is_a_clip(tmp_path):
    video = VideoFrames(write(tmp_path/'one.mp4', 'libx264', 1))
    assert len(video) == 1 and video.read(0).shape == (64, 96, 3)
    with pytest.raises(ValueError, match='frame 1 of 1'): video.read(1)

def test_one_video_of_one_frame_cannot_be_split(tmp_path):
    path = write(tmp_path/'one.mp4', 'libx264', 1)
    with pytest.raises(ValueError, match=r'one has 1 frame\(s\): too few to be split'): get_dataset(str(path), split=0.5)

@pytest.mark.parametrize('content', [b'', b'not a video', b'\x00'*5000])
def test_what_holds_no_video_is_named(content, tmp_path):
    (tmp_path/'broken.mp4').write_bytes(content)
    with pytest.raises(ValueError, match=f'broken.mp4: not a video that OpenCV or PyAV can read .{len(content)} bytes'): len(VideoFrames(tmp_path/'broken.mp4'))

def test_a_video_that_is_cut_off_ends_where_its_frames_end(tmp_path):
    path = write(tmp_path/'cut.ts', 'libx264', STEADY, g='10', bf='0')
    path.write_bytes(path.read_bytes()[:path.stat().st_size//2])
    video = VideoFrames(path)
    assert 5 < len(video) < 60
    assert abs(bars([video.read(len(video)-1)])[0]-(len(video)-1)) <= 2
