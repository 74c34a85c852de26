//! Compiled pipelines on disk, where wgpu keeps them (Vulkan): read when the device is opened, written after new ones
//! were made. A file that is not whole, or not this device's, is as good as none.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The first bytes of the file; the number is of its form.
const MAGIC: &[u8; 8] = b"LRGNPSO1";
/// The magic and a hash of the device and of what follows.
const HEADER: usize = 16;

/// The driver's cache and its file.
pub(super) struct PipelineCache {
    pub raw: wgpu::PipelineCache,
    path: PathBuf,
    identity: String,
    /// How many pipelines this process had made when it last wrote the file.
    kept: AtomicU64,
}

impl PipelineCache {
    /// The cache of an adapter in a folder, filled from its file if that is sound. `None` where wgpu has no such thing.
    pub fn open(device: &wgpu::Device, info: &wgpu::AdapterInfo, folder: &Path) -> Option<Self> {
        if !device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let path = folder.join(wgpu::util::pipeline_cache_key(info)?);
        let identity = identity(info);
        let data = std::fs::read(&path).ok().and_then(|file| {
            let data = unpack(&file, &identity).map(<[u8]>::to_vec);
            if data.is_none() {
                log::warn!("{}: not this device's pipelines; made anew", path.display());
            }
            data
        });
        let descriptor = wgpu::PipelineCacheDescriptor {
            label: Some("lorgnette"),
            data: data.as_deref(),
            fallback: true,
        };
        // SAFETY: the data must come from `get_data` of the same driver. A hash over adapter, driver, our version and
        // every byte says that we wrote this file for it; wgpu and the driver look at their own headers in it besides.
        // The folder belongs to the app: who can forge the hash there can replace the app's own files too.
        #[allow(unsafe_code)]
        let raw = unsafe { device.create_pipeline_cache(&descriptor) };
        Some(Self {
            raw,
            path,
            identity,
            kept: AtomicU64::new(0),
        })
    }

    /// Writes the file if this process has made more pipelines, `made` in all, since it last did.
    pub fn keep(&self, made: u64) {
        if self.kept.swap(made, Relaxed) < made {
            self.save();
        }
    }

    /// Writes what the driver has, whole and by renaming, so that no reader sees a part. A cache that cannot be written
    /// costs time at the next start and nothing else.
    fn save(&self) {
        let Some(data) = self.raw.get_data() else {
            return;
        };
        let file = pack(&data, &self.identity);
        if std::fs::read(&self.path).is_ok_and(|there| there == file) {
            return;
        }
        let part = self
            .path
            .with_extension(format!("{}.part", std::process::id()));
        let written = self
            .path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&part, file))
            .and_then(|()| std::fs::rename(&part, &self.path));
        if let Err(error) = written {
            log::warn!("{}: pipelines not kept: {error}", self.path.display());
            // It may not be there at all.
            std::fs::remove_file(&part).unwrap_or(());
        }
    }
}

/// Whose pipelines they are. Another driver's may crash it.
fn identity(info: &wgpu::AdapterInfo) -> String {
    format!(
        "{} {} {} {} {} {}",
        info.name,
        info.vendor,
        info.device,
        info.driver,
        info.driver_info,
        env!("CARGO_PKG_VERSION")
    )
}

fn hash(data: &[u8], identity: &str) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    identity.hash(&mut hasher);
    data.hash(&mut hasher);
    hasher.finish().to_le_bytes()
}

fn pack(data: &[u8], identity: &str) -> Vec<u8> {
    [MAGIC, &hash(data, identity), data].concat()
}

fn unpack<'a>(file: &'a [u8], identity: &str) -> Option<&'a [u8]> {
    let (header, data) = file.split_at_checked(HEADER)?;
    let sound = header[..8] == *MAGIC && header[8..] == hash(data, identity);
    sound.then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_file_of_this_device_is_read() {
        let file = pack(b"pipelines", "this device");
        assert_eq!(unpack(&file, "this device"), Some(&b"pipelines"[..]));
        assert_eq!(unpack(&file, "another device"), None, "foreign");
        for length in 0..file.len() {
            assert_eq!(unpack(&file[..length], "this device"), None, "{length}");
        }
        for at in 0..file.len() {
            let mut file = file.clone();
            file[at] ^= 1;
            assert_eq!(unpack(&file, "this device"), None, "byte {at}");
        }
        assert_eq!(unpack(&[&file[..], b"x"].concat(), "this device"), None);
    }
}
