//! An object store that breaks at a chosen write, as a process that is killed there.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

/// Writes that still succeed; negative is all of them.
#[derive(Debug)]
pub struct Fragile {
    inner: InMemory,
    left: AtomicI64,
}

impl Default for Fragile {
    fn default() -> Self {
        Fragile { inner: InMemory::new(), left: AtomicI64::new(-1) }
    }
}

impl Fragile {
    /// After so many more writes every write fails.
    pub fn break_after(&self, writes: i64) {
        self.left.store(writes, Ordering::SeqCst);
    }

    /// Everything works again.
    pub fn mend(&self) {
        self.left.store(-1, Ordering::SeqCst);
    }
}

impl fmt::Display for Fragile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fragile")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Fragile {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(object_store::Error::Generic { store: "fragile", source: "cut".into() });
        }
        self.left.store((left - 1).max(-1), Ordering::SeqCst);
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
