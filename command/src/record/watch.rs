//! The files that anybody opens below some folders, by inotify.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use crate::error::CommandError;

/// The time after which the application is asked whether it has ended.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// The size of the buffer for events.
const BUFFER: usize = 1 << 16;

pub(super) struct Watch {
    queue: OwnedFd,
    folders: HashMap<i32, PathBuf>,
    opened: BTreeMap<PathBuf, usize>,
    is_whole: bool,
}

impl Watch {
    /// Begins to watch these folders, with all that are in them now.
    pub(super) fn begin(folders: impl Iterator<Item = PathBuf>) -> Result<Self, CommandError> {
        let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)
            .map_err(|error| refused(error, Path::new("the cache")))?;
        let mut this =
            Self { queue, folders: HashMap::new(), opened: BTreeMap::new(), is_whole: true };
        let mut waiting: Vec<PathBuf> = folders.collect();
        while let Some(folder) = waiting.pop() {
            // Two equal events behind each other become one: closing between them keeps them apart.
            let events = WatchFlags::OPEN | WatchFlags::CLOSE | WatchFlags::ONLYDIR;
            let number = inotify::add_watch(&this.queue, &folder, events)
                .map_err(|error| refused(error, &folder))?;
            let cannot_list =
                |source| CommandError::Io { action: "list", path: folder.clone(), source };
            for entry in fs::read_dir(&folder).map_err(cannot_list)? {
                let entry = entry.map_err(cannot_list)?;
                if entry.file_type().map_err(cannot_list)?.is_dir() {
                    waiting.push(entry.path());
                }
            }
            this.folders.insert(number, folder);
        }
        // Folders were opened to be listed.
        let cannot_read =
            |source| CommandError::Io { action: "watch", path: "the cache".into(), source };
        this.read().map_err(cannot_read)?;
        this.opened.clear();
        Ok(this)
    }

    /// Watches until that process ends.
    pub(super) fn until_end_of(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            match poll(&mut [PollFd::new(&self.queue, PollFlags::IN)], Some(&PAUSE)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let ended = child.try_wait()?;
            self.read()?;
            if let Some(status) = ended {
                return Ok(status);
            }
        }
    }

    /// How often each file was opened, and whether that is all: the kernel's queue has an end.
    pub(super) fn opened(self) -> (BTreeMap<PathBuf, usize>, bool) {
        (self.opened, self.is_whole)
    }

    /// Takes all events that the kernel has.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = inotify::Reader::new(&self.queue, &mut buffer);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::WOULDBLOCK) => return Ok(()),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let kind = event.events();
            self.is_whole &= !kind.contains(ReadFlags::QUEUE_OVERFLOW);
            let is_opened_file = kind.contains(ReadFlags::OPEN) && !kind.contains(ReadFlags::ISDIR);
            if is_opened_file
                && let Some(folder) = self.folders.get(&event.wd())
                && let Some(name) = event.file_name()
            {
                let path = folder.join(OsStr::from_bytes(name.to_bytes()));
                *self.opened.entry(path).or_default() += 1;
            }
        }
    }
}

fn refused(error: Errno, folder: &Path) -> CommandError {
    let way_out = match error {
        Errno::NOSPC => {
            "; all packages together have more folders than a user may watch: raise the limit \
             (`sysctl fs.inotify.max_user_watches=524288`), or leave packages out (`--exclude NAME`)"
        }
        Errno::MFILE => {
            "; other programs of this user watch files already: end one of them, or raise the limit \
             (`sysctl fs.inotify.max_user_instances=512`)"
        }
        _ => "",
    };
    let folder = folder.display();
    CommandError::Usage(format!("`--record-files` cannot watch `{folder}`: {error}{way_out}"))
}
